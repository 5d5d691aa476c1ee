// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe why: why an actor does not go on.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int why(std::span<const char* const> arguments);

}  // namespace troupe::tools
