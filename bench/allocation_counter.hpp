// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts what this program's own code, and the headers it is made with, ask of the heap. Works
// because the program is linked with --wrap for malloc and its kin, and defines operator new.

#include <cstdint>

namespace bench {

// malloc, calloc, realloc, aligned_alloc and operator new, by the calling thread so far.
std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace bench
