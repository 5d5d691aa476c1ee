// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe stacks: what runs and what waits within a handler.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int stacks(std::span<const char* const> arguments);

}  // namespace troupe::tools
