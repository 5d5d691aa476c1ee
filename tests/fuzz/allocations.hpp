// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts what this thread asks of operator new, so that a fuzz target can hold a decoder to its
// limits.

#include <cstddef>

namespace troupe_fuzz {

// Bytes asked for by this thread so far.
std::size_t allocated() noexcept;

}  // namespace troupe_fuzz
