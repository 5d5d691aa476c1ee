// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe queue peek, stat, dead and close: what is in a queue, whatever its items are, and its end.

#include "tools/queue_options.hpp"

#include <troupe/serialization/dynamic.hpp>
#include <troupe/troupe.hpp>

#include <string>

namespace troupe::tools {

// Joins a queue of items of any type, or its dead letters. Errors: those of Queue::open.
Result<Queue<Dynamic>> open_any(Runtime& runtime, const QueueCommand& command,
                                const ConnectOptions& connect, bool dead = false);
// A line as it is; anything else as a text that shows it.
std::string line_of(const Dynamic& item);

// Errors of all: those of open_any, and of Queue's function of the name.
Result<void> write_waiting(Runtime& runtime, const QueueCommand& command,
                           const ConnectOptions& connect);
Result<void> write_stats(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect);
// They stay, unless the command says otherwise.
Result<void> write_dead_letters(Runtime& runtime, const QueueCommand& command,
                                const ConnectOptions& connect);
Result<void> close_queue(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect);

}  // namespace troupe::tools
