// SPDX-License-Identifier: Apache-2.0
#include "allocations.hpp"

#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define TROUPE_FUZZ_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define TROUPE_FUZZ_SANITIZED 1
#endif

namespace {

thread_local std::size_t total = 0;

}  // namespace

std::size_t troupe_fuzz::allocated() noexcept {
  return total;
}

#if TROUPE_FUZZ_SANITIZED

// libFuzzer brings an operator new of its own that does not go with a delete of ours: ask the
// sanitizer.
#include <sanitizer/allocator_interface.h>

namespace {

void on_malloc(const volatile void* /*memory*/, std::size_t size) {
  total += size;
}
void on_free(const volatile void* /*memory*/) {}

[[maybe_unused]] const int kInstalled =
    __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);

}  // namespace

#else

// NOLINTBEGIN(misc-new-delete-overloads,cppcoreguidelines-no-malloc)
void* operator new(std::size_t size) {
  total += size;
  if (void* const memory = std::malloc(size != 0 ? size : 1)) {
    return memory;
  }
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
// NOLINTEND(misc-new-delete-overloads,cppcoreguidelines-no-malloc)

#endif
