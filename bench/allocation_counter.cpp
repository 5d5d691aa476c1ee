// SPDX-License-Identifier: Apache-2.0
#include "allocation_counter.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

// The counter must be there before anything is, and cost next to nothing.
constinit thread_local std::uint64_t allocations = 0;

void* or_throw(void* place) {
  if (place == nullptr) throw std::bad_alloc{};
  return place;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,misc-definitions-in-headers):
// --wrap asks for these names.
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* place, std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);

void* __wrap_malloc(std::size_t size) {
  ++allocations;
  return __real_malloc(size);
}
void* __wrap_calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __real_calloc(count, size);
}
void* __wrap_realloc(void* place, std::size_t size) {
  ++allocations;
  return __real_realloc(place, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __real_aligned_alloc(alignment, size);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,misc-definitions-in-headers)

// The other forms of new and delete end in these.
void* operator new(std::size_t size) {
  return or_throw(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return or_throw(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t /*size*/) noexcept {
  std::free(place);
}
void operator delete(void* place, std::align_val_t /*alignment*/) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(place);
}

namespace bench {

std::uint64_t allocations_of_this_thread() noexcept {
  return allocations;
}

}  // namespace bench
