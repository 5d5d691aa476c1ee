// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZeroMQ (libzmq by cppzmq) as a service and its client are written with it: a ROUTER that listens
// in a partner process, a DEALER here, blocking calls, default options; with CURVE or without.

#include "../exchange.hpp"

#include <string>

namespace bench::zeromq {

// `below`: tcp or ipc.
double routed_round_trip(const std::string& below, bool curve, const Meter& meter);
// The partner sends; received here.
double routed_stream(const std::string& below, bool curve, const Stream& stream,
                     const Meter& meter);

}  // namespace bench::zeromq
