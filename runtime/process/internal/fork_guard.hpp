// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a fork() of the program's own must not share. The copy has none of our threads, and must
// neither end nor keep alive what belongs to the original: there every Runtime is dead, and the
// descriptors that only the original may hold are closed. fork() is seen; vfork and clone are not,
// and need not be. Tables of the OS process, not of a Runtime. Thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstdint>
#include <utility>

namespace troupe::process {

// Changes in each copy. The first call begins the watch.
std::uint32_t fork_generation();

// Errors: refused, when this process is a copy of the one that took `generation`.
Result<void> check_not_forked(std::uint32_t generation);

// A descriptor that no copy has.
class ParentOnlyFd final {
 public:
  ParentOnlyFd() = default;
  explicit ParentOnlyFd(UniqueFd fd);
  ParentOnlyFd(ParentOnlyFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ParentOnlyFd& operator=(ParentOnlyFd&& other) noexcept;
  ParentOnlyFd(const ParentOnlyFd&) = delete;
  ParentOnlyFd& operator=(const ParentOnlyFd&) = delete;
  ~ParentOnlyFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// In a zygote, which has closed them all by itself.
void forget_parent_only_fds() noexcept;

}  // namespace troupe::process
