// SPDX-License-Identifier: Apache-2.0
#pragma once

// park: the one way in which anything here waits. Blocks the calling thread. (Once there are fibers
// it suspends the fiber instead, with the same outcomes.)
//
// Before it waits, what this thread has sent and left in buffers is flushed (see Flusher).

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/fiber/ports.hpp"

#include <span>

namespace troupe {

class RuntimeCore;

// Returns when at least one item is ready; those that are get marked. Errors: timed_out, cancelled
// (the runtime is stopping; an item that is ready at that moment wins).
Result<void> park(RuntimeCore& runtime, std::span<PollItem> items, Deadline until);

// The same for one thing.
Result<void> park(RuntimeCore& runtime, transports::Readiness readiness, Deadline until);

}  // namespace troupe
