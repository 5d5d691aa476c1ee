// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the calling thread, or fiber, has done with queues lately: what it put, which its next
// acknowledgement must not overtake; and whose items it has in work.

#include "troupe/runtime/queue/queue_client.hpp"

#include <vector>

namespace troupe::queue {

void note_put(PutMark mark);
// The puts of the thread, in its current runtime, that their owners have not confirmed yet. Forgets
// the others.
std::vector<PutMark> unconfirmed_puts();

void note_lease(const QueueClient& queue);
void note_lease_over(const QueueClient& queue);
bool holds_lease_of(const QueueClient& queue);

}  // namespace troupe::queue
