// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stack: memory for one computation that can be suspended, with the block that keeps its state; and
// StackPool, which has many of them. What switches between them is switch.hpp. For the scheduler.
// See docs/architecture.md#fibers.
//
// One stack, from the lowest address: the guard, which faults when a computation uses too much; the
// memory that computations use, from its end downwards; the Stack itself. So what a suspended
// computation with small frames touches is one page, with its Stack.

#include "troupe/base/error.hpp"
#include "troupe/base/spin_lock.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::fiber {

// How an overflow of a stack is noticed.
enum class StackGuard : std::uint8_t {
  none,    // a thread's own stack: the system's matter
  pages,   // the 16 KiB below fault; a larger frame can step over them unseen
  canary,  // out of mappings: the bytes just below are looked at in each switch away
};

// What a suspended computation left behind. Read and written by switch.cpp only.
struct Suspended {
  void* context = nullptr;            // where it goes on
  void* caught_exceptions = nullptr;  // those it is handling: __cxa_eh_globals
  unsigned uncaught_exceptions = 0;
  int error = 0;                // errno
  void* asan_frames = nullptr;  // where the address sanitizer keeps its frames
  void* tsan_fiber = nullptr;   // what the thread sanitizer takes it for
};

// Belongs to who runs on it, or who holds it while it is suspended.
class alignas(64) Stack final {
 public:
  Stack(std::byte* bottom, std::byte* top, StackGuard guard) noexcept;
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack();  // forgets what is suspended there

  // The memory that computations use is [bottom, top).
  std::byte* bottom() const noexcept { return bottom_; }
  std::byte* top() const noexcept { return top_; }
  StackGuard guard() const noexcept { return guard_; }
  bool is_pooled() const noexcept { return guard_ != StackGuard::none; }
  // Whether a fault at `address` is an overflow of this stack.
  bool is_in_guard(const void* address) const noexcept;
  // Aborts if something has been written below a stack with a canary.
  void check_canary() const noexcept {
    if (guard_ == StackGuard::canary) [[unlikely]] {
      look_at_canary();
    }
  }

  Stack* next = nullptr;  // its holder's: a list of stacks
  void* user = nullptr;   // its holder's
  Suspended suspended;

 private:
  void look_at_canary() const noexcept;

  std::byte* const bottom_;
  std::byte* const top_;
  const StackGuard guard_;
};

// Keeps the stacks that are given back: some as they are, so that the next use finds them in the
// cache; the others as mere addresses, without memory. Thread-safe.
class StackPool final {
 public:
  // How many bytes of unused stacks stay as they are.
  static constexpr std::size_t kKeptWarm = std::size_t{64} << 20U;
  static constexpr std::size_t kSmallest = std::size_t{16} << 10U;
  static constexpr std::size_t kLargest = std::size_t{1} << 30U;

  // The size is rounded up to pages. Throws invalid_argument where it is not one of a stack.
  explicit StackPool(std::size_t stack_bytes);
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  ~StackPool();  // all stacks have been given back

  // A stack on which nothing runs. Throws overloaded when the system has no memory or no addresses
  // for another one.
  Stack& take();
  // Forgets what is suspended there. Nothing may run on it. To be called from any thread.
  void give_back(Stack& stack) noexcept;

  // Of memory for each; the Stack and its place take up to 1088 of them.
  std::size_t stack_bytes() const noexcept { return stack_bytes_; }
  std::size_t in_use() const noexcept;
  // How many there have been at once, at most.
  std::size_t made() const noexcept;
  // How many wait for their next use with their memory.
  std::size_t warm() const noexcept;

 private:
  // A stack without content.
  struct Blank {
    std::byte* memory = nullptr;
    StackGuard guard = StackGuard::none;  // none: it has not been used yet
  };

  Blank take_blank();
  Stack& furnish(Blank blank) noexcept;
  void map_chunk();
  Error shortage() const;

  // Immutable.
  const std::size_t stack_bytes_;
  const std::size_t stride_;  // from one stack to the next
  const std::size_t stacks_per_chunk_;
  const std::size_t most_warm_;

  // Guarded by lock_.
  mutable SpinLock lock_;
  std::vector<std::byte*> chunks_;  // mappings
  std::vector<Blank> blanks_;       // with room for all, so that giving back takes no memory
  Stack* warm_ = nullptr;
  std::size_t warm_count_ = 0;
  std::size_t in_use_ = 0;
  std::size_t made_ = 0;
  std::size_t own_mappings_ = 0;  // guards that take a mapping
};

}  // namespace troupe::fiber
