// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe ps: programs, or the actors of one.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int ps(std::span<const char* const> arguments);

}  // namespace troupe::tools
