// SPDX-License-Identifier: Apache-2.0
#pragma once

// Switching: one computation stops where it is, another goes on on its own stack, within one
// thread. For the scheduler. See docs/architecture.md#fibers.
//
// A stack that has been switched away from may be switched to only after the switch has come to its
// end, that is by what goes on there or by whom that has told. From then on any thread may. Then
// thread_local variables are another thread's, and the compiler does not know: code that can move
// must not keep their addresses over a switch. Each side has exceptions and errno of its own.

#include "troupe/runtime/fiber/internal/stack.hpp"

namespace troupe::fiber {

// Suspends the caller, which runs on `from`, and goes on where `to` was suspended. Returns when
// somebody switches to `from`.
void switch_to(Stack& from, Stack& to) noexcept;

// The same, but begins entry(argument) on `fresh`, whatever was suspended there. `entry` neither
// returns nor throws.
void start(Stack& from, Stack& fresh, void (*entry)(void*), void* argument) noexcept;

// The pooled stack that the caller runs on; null on the thread's own.
Stack* running() noexcept;

// The calling thread's own stack, to be switched away from, and back to by the same thread. A
// thread has one before it switches, and destroys it when it is back.
class ThreadStack final {
 public:
  ThreadStack();
  ThreadStack(const ThreadStack&) = delete;
  ThreadStack& operator=(const ThreadStack&) = delete;
  ~ThreadStack() = default;

  Stack& stack() noexcept { return stack_; }

 private:
  struct Bounds;
  explicit ThreadStack(const Bounds& bounds);

  Stack stack_;
};

// What sanitizers hold for the computation suspended on a pooled stack is given up. ~Stack does it.
void forget(Stack& stack) noexcept;

}  // namespace troupe::fiber
