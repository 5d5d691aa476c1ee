// SPDX-License-Identifier: Apache-2.0
#pragma once

// Change: those who wait for a change of something that a lock guards: a condition variable on
// which fibers wait too.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <mutex>

namespace troupe::fiber {

// All of it with the lock held.
class Change final {
 public:
  // Waits until announce(), or the wait ends otherwise. The lock is let go meanwhile.
  template <class Lock>
  Waiter::Outcome wait(RuntimeCore& runtime, std::unique_lock<Lock>& lock, Deadline until) {
    Waiting self;
    self.next = first_;
    first_ = &self;
    lock.unlock();
    const auto outcome = self.waiter.wait(runtime, until);
    lock.lock();
    for (Waiting** each = &first_; *each != nullptr; each = &(*each)->next) {
      if (*each == &self) {
        *each = self.next;
        break;
      }
    }
    return outcome;
  }

  void announce() noexcept {
    while (first_ != nullptr) {
      Waiting& each = *first_;
      first_ = each.next;
      (void)each.waiter.fire();  // it is there until it has the lock again
    }
  }

 private:
  struct Waiting {
    Waiter waiter;
    Waiting* next = nullptr;
  };

  Waiting* first_ = nullptr;
};

}  // namespace troupe::fiber
