// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe recv: messages to standard output.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int recv(std::span<const char* const> arguments);

}  // namespace troupe::tools
