// SPDX-License-Identifier: Apache-2.0
#pragma once

// iceoryx (its untyped publisher and subscriber), with a daemon started for each figure. Both sides
// poll, and a publisher waits for its subscriber, so that nothing is lost. A typed message is its
// bytes here: nothing encodes them.

#include "../exchange.hpp"

namespace bench::iceoryx {

// Awake only. Copied in and copied out, as in streams.
double round_trip(const RoundTrip& trip, const Meter& meter);

// A message is copied into a chunk that is loaned for it, and out of the chunk that is taken.
double stream(const Stream& stream, const Meter& meter);

// Seconds a message: of a chunk that is loaned the first and the last 8 bytes are written there and
// checked there. Up to 1 MiB: there are no larger chunks.
double loan(std::size_t size, const Meter& meter);

}  // namespace bench::iceoryx
