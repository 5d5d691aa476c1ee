// SPDX-License-Identifier: Apache-2.0
#pragma once

// beanstalkd, Debian's, without its log on disk, over a socket of the kind that is asked for, a
// Unix one for shm. As its clients do it: put, reserve and delete, each of which waits for its
// answer. It holds as many items as it is given.

#include "../exchange.hpp"
#include "../queue_run.hpp"

#include <chrono>
#include <string>

namespace bench::beanstalkd {

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration);
double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration);
// Seconds from the kill of a consumer that has reserved an item until another one has reserved it;
// the median of many.
double kill_to_redelivery(const std::string& scheme, std::chrono::nanoseconds duration);

}  // namespace bench::beanstalkd
