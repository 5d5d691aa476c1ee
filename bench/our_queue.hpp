// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the questions about queues put into ours, where it is, and how it is run: this process owns
// it, producers and consumers are processes of their own.

#include "exchange.hpp"
#include "troupe/transports/options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

// Encoded 12 bytes, and the text.
struct QueueItem {
  std::uint64_t number = 0;
  std::string text;
};
inline constexpr std::size_t kQueueItemHead = 12;

// The address that a queue of this process is made at.
std::string queue_address(const std::string& scheme);

// Items a second that the owner counts as finished. `server_key`: the file of the owner's public
// key, for producers and consumers; empty: in the clear.
double our_items_a_second(const QueueUse& use, std::chrono::nanoseconds duration,
                          const troupe::ConnectOptions& of_owner = {},
                          const std::string& server_key = {});

}  // namespace bench
