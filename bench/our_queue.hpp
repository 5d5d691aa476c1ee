// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the questions about queues put into ours, and where it is.

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
std::string queue_address(const std::string& scheme);  // queue.cpp

}  // namespace bench
