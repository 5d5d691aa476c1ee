// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the address of a queue says to its owner alone: ?durable=/path and &sync=always. Who opens
// the queue by the same address is not concerned.

#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/transports/address.hpp"

namespace troupe::queue {

// `options` with what the address says besides. Errors: invalid_argument (it says the contrary, or
// what there is not).
Result<QueueOptions> with_options_of(const Address& address, QueueOptions options);
// What a listener is made at, and clients are told.
Address without_owner_options(const Address& address);

}  // namespace troupe::queue
