// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/ports.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX

#include <array>
#include <cerrno>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {
namespace {

// ppoll's timeout; null for a wait without end.
const timespec* timeout_of(Deadline until, timespec& storage) {
  if (until.is_never()) {
    return nullptr;
  }
  const Duration left = until.left();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  storage.tv_sec = seconds.count();
  storage.tv_nsec = (left - seconds).count();
  return &storage;
}

class ThreadPoller final : public Poller {
 public:
  Result<void> wait(std::span<PollItem> items, Deadline until) override {
    std::array<pollfd, 8> few;
    std::vector<pollfd> many;
    if (items.size() > few.size()) {
      many.resize(items.size());
    }
    const std::span<pollfd> polled{many.empty() ? few.data() : many.data(), items.size()};
    for (std::size_t i = 0; i < items.size(); ++i) {
      polled[i] = {items[i].readiness.fd, items[i].readiness.events, 0};
      items[i].ready = false;
    }
    for (;;) {
      timespec storage{};
      const int ready = ::ppoll(polled.data(), polled.size(), timeout_of(until, storage), nullptr);
      if (ready > 0) {
        for (std::size_t i = 0; i < items.size(); ++i) {
          items[i].ready = polled[i].revents != 0;
        }
        return {};
      }
      if (ready == 0) {
        return Error{Code::timed_out, "the deadline passed"};
      }
      if (errno != EINTR) {
        return Error::system("wait for file descriptors", errno);
      }
    }
  }

  Result<os::EventSet::Woken> wait(os::EventSet& set, int stop, Deadline until) override {
    return set.wait(stop, until);
  }
};

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::string name) : name_(std::move(name)) {}
  ~ThreadExecutor() override = default;

  void execute(std::function<void()> work) override {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits it
    std::jthread thread{[name = name_.substr(0, 15), work = std::move(work)] {
      ::pthread_setname_np(::pthread_self(), name.c_str());
      work();
    }};
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    const std::lock_guard lock{mutex_};
    threads_.push_back(std::move(thread));
  }

 private:
  const std::string name_;
  std::mutex mutex_;
  std::list<std::jthread> threads_;  // guarded by mutex_; joined at the end
};

}  // namespace

std::unique_ptr<Poller> Poller::of_threads() {
  return std::make_unique<ThreadPoller>();
}

std::unique_ptr<Executor> Executor::of_threads(std::string name) {
  return std::make_unique<ThreadExecutor>(std::move(name));
}

}  // namespace troupe
