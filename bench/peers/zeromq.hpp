// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZeroMQ (libzmq by cppzmq) as its users write it: PAIR for round trips, PUSH to PULL for streams,
// with its default options; over ipc for pipe, fifo and unix, over tcp for tcp. A typed message is
// its bytes here: nothing encodes them. Where two CPUs are used the scheduler places its processes,
// each of which has an I/O thread.

#include "../exchange.hpp"

namespace bench::zeromq {

double round_trip(const RoundTrip& trip, const Meter& meter);
double stream(const Stream& stream, const Meter& meter);

}  // namespace bench::zeromq
