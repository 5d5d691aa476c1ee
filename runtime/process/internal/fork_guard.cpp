// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace troupe::process {
namespace {

struct Guard {
  std::atomic<std::uint32_t> generation = 1;
  std::mutex mutex;
  std::vector<int>
      fds;  // guarded by mutex; closed under it too, so that no number in it is another's
};

// One per OS process by nature: fork copies all of it at once. Never destroyed: fork may come late.
Guard& guard() {
  static Guard& only = *[] {
    auto* made = new Guard;
    ::pthread_atfork([] { guard().mutex.lock(); }, [] { guard().mutex.unlock(); },
                     [] {
                       ++guard().generation;
                       for (const int fd : guard().fds) {
                         ::close(fd);
                       }
                       guard().fds.clear();
                       guard().mutex.unlock();
                     });
    return made;
  }();
  return only;
}

}  // namespace

std::uint32_t fork_generation() {
  return guard().generation;
}

Result<void> check_not_forked(std::uint32_t generation) {
  if (generation == fork_generation()) return {};
  return Error{
      Code::refused,
      "this process is a copy that fork() made of the one with the Runtime: start processes "
      "with troupe::Process, or make a Runtime of its own"};
}

ParentOnlyFd::ParentOnlyFd(UniqueFd fd) {
  if (!fd) return;
  const std::lock_guard lock{guard().mutex};
  guard().fds.push_back(fd.get());
  fd_ = fd.release();
}

ParentOnlyFd& ParentOnlyFd::operator=(ParentOnlyFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void ParentOnlyFd::reset() noexcept {
  if (fd_ < 0) return;
  const std::lock_guard lock{guard().mutex};
  // Not in the list: this is a copy, where it is closed already, and the number may be another's.
  if (std::erase(guard().fds, fd_) != 0) {
    ::close(fd_);
  }
  fd_ = -1;
}

void forget_parent_only_fds() noexcept {
  const std::lock_guard lock{guard().mutex};
  guard().fds.clear();
}

}  // namespace troupe::process
