// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue written by hand with ZeroMQ (libzmq by cppzmq), default options: a broker in a process of
// its own, with a ROUTER for producers and one for consumers, who are DEALERs. A consumer says that
// it is there, has 256 items at most that it has not acknowledged, and acknowledges how many it is
// done with after 64, or when there are none at once. The broker keeps items until then, and reads
// none while nobody has room: producers wait at their high-water mark. It confirms no put, and
// nothing gives an item back whose consumer has died: a user writes that.

#include "../exchange.hpp"

#include <chrono>

namespace bench::zeromq {

// Over tcp or ipc, as `use` says; with CURVE or in the clear.
double brokered_items_a_second(const QueueUse& use, bool curve, std::chrono::nanoseconds duration);

}  // namespace bench::zeromq
