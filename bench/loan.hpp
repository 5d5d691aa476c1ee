// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is done with a message that is loaned, by ours and by peers: its number is written to its
// first and to its last 8 bytes, where they lie, and looked for there.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

namespace bench {

// Received in one step of a meter, so that the meter costs nothing.
inline constexpr int kLoansAStep = 64;

inline void mark(std::span<std::byte> message, std::uint64_t number) {
  std::memcpy(message.data(), &number, sizeof number);
  std::memcpy(message.data() + message.size() - sizeof number, &number, sizeof number);
}

inline void check_marks(std::span<const std::byte> message, std::uint64_t number) {
  const auto* const last = message.data() + message.size() - sizeof number;
  if (std::memcmp(message.data(), &number, sizeof number) != 0 ||
      std::memcmp(last, &number, sizeof number) != 0) {
    throw std::runtime_error{"a message is lost"};
  }
}

}  // namespace bench
