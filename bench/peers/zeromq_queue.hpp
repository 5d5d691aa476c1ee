// SPDX-License-Identifier: Apache-2.0
#pragma once

// PUSH to PULL of ZeroMQ as a queue: each consumer binds, each producer connects to all of them and
// deals its items out in turn, with the default options; over ipc for shm and unix. Nobody is
// between them, nobody acknowledges, and what a consumer has, or is on its way to it, is lost when
// it dies.

#include "../exchange.hpp"
#include "../queue_run.hpp"

#include <chrono>
#include <string>

namespace bench::zeromq {

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration);
double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration);

}  // namespace bench::zeromq
