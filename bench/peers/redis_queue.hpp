// SPDX-License-Identifier: Apache-2.0
#pragma once

// A list of Redis as a queue (Debian's redis-server, hiredis), as its documentation has it: LPUSH
// puts, LMOVE takes into a list of the consumer's own, LREM from that list acknowledges; taken at
// once it is RPOP. Commands go in pipelines of 64; what finds the list empty waits by BLMOVE, or
// BRPOP. A producer that finds more items than our queue holds waits. The server keeps nothing on
// disk; its socket is of the kind that is asked for, a Unix one for shm. Nothing gives an item back
// whose consumer has died: a user writes that.

#include "../exchange.hpp"
#include "../queue_run.hpp"

#include <chrono>
#include <string>

namespace bench::redis {

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration);
double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration);

}  // namespace bench::redis
