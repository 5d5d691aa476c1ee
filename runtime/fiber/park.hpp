// SPDX-License-Identifier: Apache-2.0
#pragma once

// park: the one way in which anything here waits for a descriptor. Suspends the calling fiber, and
// its worker goes on with others; on the thread that drives a runtime without threads of its own it
// runs actors; on another thread it blocks that. (What happens in this process is waited for with a
// Waiter, in the same ways.)
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

// Whether the caller is on a fiber: what blocks the thread would keep others from running.
bool on_fiber() noexcept;

// What the caller runs on, to tell one from another: its fiber, or its thread.
const void* running_on() noexcept;

// The same as the first for one thing.
Result<void> park(RuntimeCore& runtime, transports::Readiness readiness, Deadline until);

}  // namespace troupe
