// SPDX-License-Identifier: Apache-2.0
#pragma once

// OverflowGuard: a stack overflow says what ran there before it ends the process. For each thread
// that runs on pooled stacks. See docs/architecture.md#fibers.
//
// The first one in the process installs a handler of SIGSEGV, which stays. It acts only on a fault
// in the guard of the stack that the faulting thread runs on, and passes each on to the disposition
// that was there before: by default the process ends by the signal; the address sanitizer, whose
// handler is one like any other, adds its report of the overflow.

#include "troupe/runtime/fiber/internal/stack.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): stack_t is POSIX

#include <cstddef>

namespace troupe::fiber {

// Writes what runs on `stack` to [into, into + size); returns how many bytes that took. Called in a
// signal handler, on a stack of some 40 KiB: may only do what is async-signal-safe.
using DescribeStack = std::size_t (*)(const Stack& stack, char* into, std::size_t size) noexcept;

// Owner thread only; gives the thread an alternate signal stack for its lifetime.
class OverflowGuard final {
 public:
  // `describe` may be null. Throws overloaded or system where there is no memory for a signal
  // stack.
  explicit OverflowGuard(DescribeStack describe);
  OverflowGuard(const OverflowGuard&) = delete;
  OverflowGuard& operator=(const OverflowGuard&) = delete;
  ~OverflowGuard();

 private:
  void* memory_ = nullptr;  // the signal stack, with a guard of its own
  std::size_t size_ = 0;
  stack_t before_{};
  DescribeStack described_before_ = nullptr;
};

}  // namespace troupe::fiber
