// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts what the calling thread asks of operator new, so that a decoder can be held to its limits.
// Counts only in programs that link troupe_test_allocations, where it replaces operator new.

#include <cstddef>

namespace troupe::harness {

struct Allocations {
  std::size_t total = 0;    // bytes
  std::size_t largest = 0;  // bytes of a single one
};

// The calling thread's, which may set them back.
Allocations& allocations() noexcept;

}  // namespace troupe::harness
