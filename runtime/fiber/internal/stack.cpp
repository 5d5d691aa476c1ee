// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/stack.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/kernel.hpp"
#include "troupe/runtime/fiber/internal/switch.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace troupe::fiber {
namespace {

// Of addresses, not of memory.
constexpr std::size_t kGuardBytes = std::size_t{16} << 10U;
// As untouched memory reads: a canary that takes no page.
constexpr std::array<std::byte, 64> kCanary{};
constexpr std::size_t kChunkBytes = std::size_t{8} << 20U;
constexpr std::size_t kMostStacksPerChunk = 64;

// Stacks end at different places of their last page: at the same place, the frames of all suspended
// computations would compete for the same few lines of the CPU's first cache. Measured with 1000
// stacks in turn: 139 ns without, 52 ns with this.
constexpr std::size_t kEnds = 16;

std::size_t rounded_to_pages(std::size_t bytes) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

std::size_t checked_size(std::size_t bytes) {
  if (bytes < StackPool::kSmallest || bytes > StackPool::kLargest) {
    throw Error{Code::invalid_argument,
                "a stack has from 16 KiB to 1 GiB (ActorOptions::stack), not " +
                    std::to_string(bytes) + " bytes"};
  }
  return rounded_to_pages(bytes);
}

// A guard by mprotect splits a mapping, and mappings are few: the process's limit, hence the
// process's count. A quarter of them is left for everything else.
std::atomic<std::size_t> guards_that_are_mappings{0};

std::size_t most_guards_that_are_mappings() noexcept {
  static const std::size_t most = [] {
    unsigned long mappings = 65'530;
    if (FILE* const file = std::fopen("/proc/sys/vm/max_map_count", "re"); file != nullptr) {
      (void)!std::fscanf(file, "%lu", &mappings);  // NOLINT(cert-err34-c): the default stays
      std::fclose(file);
    }
    return mappings / 8 * 3;  // each takes two
  }();
  return most;
}

bool guard_by_madvise(std::byte* memory) noexcept {
  constexpr int kGuardInstall = 102;  // MADV_GUARD_INSTALL of linux/mman.h (6.13)
  return os::kernel_has(os::KernelFeature::guard_pages) &&
         ::madvise(memory, rounded_to_pages(kGuardBytes), kGuardInstall) == 0;
}

bool guard_by_mapping(std::byte* memory) noexcept {
  if (guards_that_are_mappings.fetch_add(1) < most_guards_that_are_mappings() &&
      ::mprotect(memory, rounded_to_pages(kGuardBytes), PROT_NONE) == 0) {
    return true;
  }
  guards_that_are_mappings.fetch_sub(1);
  return false;
}

}  // namespace

Stack::Stack(std::byte* bottom, std::byte* top, StackGuard guard) noexcept
    : bottom_(bottom), top_(top), guard_(guard) {}

Stack::~Stack() {
  if (is_pooled()) {
    forget(*this);
  }
}

bool Stack::is_in_guard(const void* address) const noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const auto end = reinterpret_cast<std::uintptr_t>(bottom_);
  return guard_ == StackGuard::pages && at < end && end - at <= rounded_to_pages(kGuardBytes);
}

void Stack::look_at_canary() const noexcept {
  if (std::memcmp(bottom_ - kCanary.size(), kCanary.data(), kCanary.size()) != 0) {
    std::fputs(
        "troupe: stack overflow, noticed late: the process had no mappings left for guards "
        "(vm.max_map_count); give it a larger stack (ActorOptions::stack), or use less\n",
        stderr);
    std::abort();
  }
}

StackPool::StackPool(std::size_t stack_bytes)
    : stack_bytes_(checked_size(stack_bytes)),
      stride_(rounded_to_pages(kGuardBytes) + stack_bytes_),
      stacks_per_chunk_(std::clamp(kChunkBytes / stride_, std::size_t{1}, kMostStacksPerChunk)),
      most_warm_(std::max(kKeptWarm / stack_bytes_, std::size_t{1})) {}

StackPool::~StackPool() {
  TROUPE_CHECK(in_use_ == 0);
  while (warm_ != nullptr) {
    Stack* const stack = warm_;
    warm_ = stack->next;
    std::destroy_at(stack);
  }
  for (std::byte* const chunk : chunks_) {
    ::munmap(chunk, stacks_per_chunk_ * stride_);
  }
  guards_that_are_mappings.fetch_sub(own_mappings_);
}

Stack& StackPool::take() {
  {
    const std::lock_guard held{lock_};
    if (warm_ != nullptr) {
      Stack& stack = *warm_;
      warm_ = std::exchange(stack.next, nullptr);
      --warm_count_;
      ++in_use_;
      return stack;
    }
  }
  return furnish(take_blank());
}

StackPool::Blank StackPool::take_blank() {
  for (;;) {
    {
      const std::lock_guard held{lock_};
      if (!blanks_.empty()) {
        const Blank blank = blanks_.back();
        blanks_.pop_back();
        ++in_use_;
        made_ += blank.guard == StackGuard::none ? 1 : 0;
        return blank;
      }
    }
    map_chunk();
  }
}

Stack& StackPool::furnish(Blank blank) noexcept {
  if (blank.guard == StackGuard::none) {
    blank.guard = StackGuard::pages;
    if (!guard_by_madvise(blank.memory)) {
      if (guard_by_mapping(blank.memory)) {
        const std::lock_guard held{lock_};
        ++own_mappings_;
      } else {
        blank.guard = StackGuard::canary;
      }
    }
  }
  const std::size_t end = reinterpret_cast<std::uintptr_t>(blank.memory) / stride_ % kEnds;
  std::byte* const top = blank.memory + stride_ - sizeof(Stack) - end * alignof(Stack);
  return *::new (top) Stack{blank.memory + stride_ - stack_bytes_, top, blank.guard};
}

void StackPool::give_back(Stack& stack) noexcept {
  TROUPE_CHECK(&stack != running());
  stack.check_canary();
  stack.user = nullptr;
  {
    const std::lock_guard held{lock_};
    --in_use_;
    if (warm_count_ < most_warm_) {
      stack.next = std::exchange(warm_, &stack);
      ++warm_count_;
      return;
    }
  }
  const Blank blank{stack.bottom() - (stride_ - stack_bytes_), stack.guard()};
  std::destroy_at(&stack);
  // Guards stay. Where it fails (memory is locked), the stack keeps its memory.
  ::madvise(blank.memory, stride_, MADV_DONTNEED);
  const std::lock_guard held{lock_};
  blanks_.push_back(blank);
}

void StackPool::map_chunk() {
  const std::size_t bytes = stacks_per_chunk_ * stride_;
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) {  // NOLINT(performance-no-int-to-ptr): the kernel's constant
    throw shortage();
  }
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);  // a huge page for the end of one stack is too much
  auto* const first = static_cast<std::byte*>(memory);
  try {
    const std::lock_guard held{lock_};
    const std::size_t all = (chunks_.size() + 1) * stacks_per_chunk_;
    if (blanks_.capacity() < all) {
      blanks_.reserve(std::max(all, 2 * blanks_.capacity()));
    }
    chunks_.push_back(first);
    for (std::size_t i = stacks_per_chunk_; i-- > 0;) {
      blanks_.push_back({first + i * stride_, StackGuard::none});
    }
  } catch (const std::bad_alloc&) {
    ::munmap(memory, bytes);
    throw shortage();
  }
}

Error StackPool::shortage() const {
  const std::size_t stacks = in_use();
  return {Code::overloaded,
          "no memory for one more stack: " + std::to_string(stacks) + " of " +
              std::to_string(stack_bytes_ >> 10U) +
              " KiB are in use; raise the process's limit of addresses (ulimit -v) or of mappings "
              "(vm.max_map_count), take smaller stacks (ActorOptions::stack), or have fewer "
              "handlers wait at once"};
}

std::size_t StackPool::in_use() const noexcept {
  const std::lock_guard held{lock_};
  return in_use_;
}

std::size_t StackPool::made() const noexcept {
  const std::lock_guard held{lock_};
  return made_;
}

std::size_t StackPool::warm() const noexcept {
  const std::lock_guard held{lock_};
  return warm_count_;
}

}  // namespace troupe::fiber
