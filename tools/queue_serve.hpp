// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe queue serve: the owner of a queue of lines.

#include "tools/queue_options.hpp"

#include <troupe/troupe.hpp>

namespace troupe::tools {

// Owns it until the program is told to end, which is success. Errors: those of Queue::create.
Result<void> serve_queue(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect);

}  // namespace troupe::tools
