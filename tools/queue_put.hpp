// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe queue put: lines as items.

#include "tools/queue_options.hpp"

#include <troupe/troupe.hpp>

namespace troupe::tools {

// Puts the lines of the command, or those of standard input; the owner has them when it returns.
// Errors: those of Queue::open, put and flush; system (standard input).
Result<void> put_lines(Runtime& runtime, const QueueCommand& command,
                       const ConnectOptions& connect);

}  // namespace troupe::tools
