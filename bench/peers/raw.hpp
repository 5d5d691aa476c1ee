// SPDX-License-Identifier: Apache-2.0
#pragma once

// The floor of channels: read and write on the same kind of descriptor, and nothing around them.

#include "../exchange.hpp"

namespace bench::raw {

// Asleep: blocking calls. Awake: calls that do not block, in a loop.
double round_trip(const RoundTrip& trip, const Meter& meter);

// Blocking calls: a write a message; the reader of small messages takes up to 64 KiB at once, that
// of large ones reads each into its place.
double stream(const Stream& stream, const Meter& meter);

}  // namespace bench::raw
