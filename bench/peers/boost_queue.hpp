// SPDX-License-Identifier: Apache-2.0
#pragma once

// Boost.Interprocess's message_queue, with its default options. Asleep, and in streams: send and
// receive, which wait; round trips awake: try_send and try_receive in a loop. A typed message is
// its bytes here: nothing encodes them. A queue is made before the fork and has lost its name by
// then, so that nothing of it is left behind, whoever is killed.

#include "../exchange.hpp"

namespace bench::boost_queue {

double round_trip(const RoundTrip& trip, const Meter& meter);
double stream(const Stream& stream, const Meter& meter);

}  // namespace bench::boost_queue
