// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe queue take: items as lines, each acknowledged once it is written or its command has ended
// well.

#include "tools/queue_options.hpp"

#include <troupe/troupe.hpp>

namespace troupe::tools {

// Until the queue is closed and all is finished, or as many are finished as the command says.
// Errors: those of open_any and Queue::take; of the output; timed_out (no item came in time).
Result<void> take_items(Runtime& runtime, const QueueCommand& command,
                        const ConnectOptions& connect);

}  // namespace troupe::tools
