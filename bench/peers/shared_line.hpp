// SPDX-License-Identifier: Apache-2.0
#pragma once

// The floor of shared memory: a word to and fro between two processes, and nothing around it.

#include "../exchange.hpp"

namespace bench::shared_line {

// Awake: both look at a cache line each until it changes. Asleep: both wait on a futex.
double round_trip(const RoundTrip& trip, const Meter& meter);

}  // namespace bench::shared_line
