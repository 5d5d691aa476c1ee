// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe send: standard input as messages.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int send(std::span<const char* const> arguments);

}  // namespace troupe::tools
