// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe top: as troupe ps, kept up to date.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int top(std::span<const char* const> arguments);

}  // namespace troupe::tools
