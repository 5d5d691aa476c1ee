// SPDX-License-Identifier: Apache-2.0
#include "harness/allocations.hpp"

#include "harness/sanitized.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

void count(std::size_t size) {
  auto& counted = troupe::harness::allocations();
  counted.total += size;
  counted.largest = std::max(counted.largest, size);
}

}  // namespace

troupe::harness::Allocations& troupe::harness::allocations() noexcept {
  thread_local Allocations counted;
  return counted;
}

#if TROUPE_TEST_SANITIZED

// The sanitizers and libFuzzer bring an operator new of their own, which knows of ours by a hook.
// Declared here, since g++ installs the function and not its header.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizers' name
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             std::size_t),
                                                         void (*free_hook)(const volatile void*));

namespace {

void on_malloc(const volatile void* /*memory*/, std::size_t size) {
  count(size);
}
void on_free(const volatile void* /*memory*/) {}

[[maybe_unused]] const int kInstalled =
    __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);

}  // namespace

#else

// NOLINTBEGIN(misc-new-delete-overloads,cppcoreguidelines-no-malloc)
void* operator new(std::size_t size) {
  count(size);
  if (void* const memory = std::malloc(size != 0 ? size : 1)) {
    return memory;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
// NOLINTEND(misc-new-delete-overloads,cppcoreguidelines-no-malloc)

#endif
