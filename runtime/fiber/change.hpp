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
  struct Waiting {
    Waiter waiter;
    Waiting* next = nullptr;
  };

  // Waits until announce(), or the wait ends otherwise. The lock is let go meanwhile.
  template <class Lock>
  Waiter::Outcome wait(RuntimeCore& runtime, std::unique_lock<Lock>& lock, Deadline until) {
    Waiting self;
    add(self);
    lock.unlock();
    const auto outcome = self.waiter.wait(runtime, until);
    lock.lock();
    remove(self);
    return outcome;
  }

  // For who waits for other things, too: its waiter is fired at the next announce(), which takes it
  // out; else remove() does.
  void add(Waiting& waiting) noexcept {
    waiting.next = first_;
    first_ = &waiting;
  }
  void remove(const Waiting& waiting) noexcept {
    for (Waiting** each = &first_; *each != nullptr; each = &(*each)->next) {
      if (*each == &waiting) {
        *each = waiting.next;
        return;
      }
    }
  }

  void announce() noexcept {
    while (first_ != nullptr) {
      Waiting& each = *first_;
      first_ = each.next;
      (void)each.waiter.fire();  // it is there until it has the lock again
    }
  }

 private:
  Waiting* first_ = nullptr;
};

}  // namespace troupe::fiber
