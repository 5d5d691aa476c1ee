// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reactor: what a worker sleeps on: the descriptors that its fibers wait for, and a bell for other
// threads. One epoll set; sleeping in it is one system call. The worker's, but for ring().

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace troupe::fiber {

class Reactor final {
 public:
  Reactor();  // throws Error (overloaded, system)

  // Fires `waiter` once one of `events` (poll's) is there, or an end or error. Until remove.
  // Errors: overloaded, system (the descriptor cannot be waited for).
  Result<void> add(int fd, short events, Waiter& waiter);
  void remove(int fd, Waiter& waiter) noexcept;
  // fd() is also readable when this is, which fires nobody. Throws Error (system).
  void report(int fd);
  bool empty() const noexcept { return watched_.empty(); }

  // Blocks until a descriptor is ready, the bell rings or the deadline passes; fires waiters.
  void sleep(Deadline until) noexcept;
  // The same without blocking.
  void poll() noexcept;
  void ring() noexcept;  // thread-safe

  // Readable while sleep() would not block, but for deadlines.
  int fd() const noexcept { return set_.get(); }

 private:
  struct Watch {
    short events;
    Waiter* waiter;
  };
  using Watches = std::vector<Watch>;

  Result<void> arm(int fd, const Watches& watches);
  bool collect(int timeout_ms) noexcept;

  UniqueFd set_;
  UniqueFd bell_;
  std::unordered_map<int, Watches> watched_;
};

}  // namespace troupe::fiber
