// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe queue: queues of lines, from the shell.

#include <span>

namespace troupe::tools {

// Returns the exit status.
int queue(std::span<const char* const> arguments);

}  // namespace troupe::tools
