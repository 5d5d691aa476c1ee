// SPDX-License-Identifier: Apache-2.0
#pragma once

// The plan: the messages that the sender of a kill matrix sends, by number; both sides know it.
// With them it comes past every kill point, and to each wait of either side, surely and not by
// chance.

#include "troupe/base/bytes.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::harness {

struct Planned {
  enum class How : std::uint8_t {
    copied,
    lent,    // written into a loan
    headed,  // a small piece, and then a large one
  };
  enum class Meeting : std::uint8_t {
    none,
    answered,  // the sender goes on when the receiver has answered
    asleep,    // the same, and each sends only when the other sleeps
    blocked,   // the receiver holds what it views until the sender waits to send this one
    between,   // sent as soon as the one before it blocks
  };

  std::size_t size = 0;
  How how = How::copied;
  Meeting meeting = Meeting::none;
  std::size_t fds = 0;
  transports::Lane lane = transports::Lane::data;

  bool is_answered() const { return meeting == Meeting::answered || meeting == Meeting::asleep; }
};

// Bytes that a side may have lent, if it lends; and of a ring.
constexpr std::size_t kPlannedLoans = 2U << 20U;
constexpr std::size_t kPlannedRing = 4096;

// Where nothing is lent, what would be is smaller.
std::vector<Planned> make_plan(bool lends);

// The content of the sender's message, and of the receiver's answer.
const Bytes& body_of(std::size_t number, std::size_t size);
Bytes answer_of(std::size_t number);

}  // namespace troupe::harness
