// SPDX-License-Identifier: Apache-2.0
#pragma once

// Wire: one connection between two nodes of a World: two ways of frames, as the kernels of two
// hosts would have them. The Network moves them; SimConnection is what an end sees. One thread's.

#include "troupe/base/bytes.hpp"
#include "troupe/base/clock.hpp"
#include "troupe/sim/internal/bell.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace troupe::sim {

class Node;

// Something on its way.
struct Flight {
  enum class Kind : std::uint8_t {
    dial,
    accept,
    refuse,
    frame,
    end,    // the sender has closed
    reset,  // the connection is no more
  };

  Kind kind{};
  Instant when{};
  Bytes bytes{};
};

struct Way {
  // So many bytes may be under way and unread; one frame may go beyond it.
  static constexpr std::size_t kRoom = std::size_t{256} << 10U;

  std::string from;  // names of nodes
  std::string to;
  Node* sender = nullptr;    // the life that sends; null: it has ended, or was never there
  Node* receiver = nullptr;  // likewise
  bool is_cut = false;
  std::deque<Flight> flights;
  Instant last{};  // what was sent last arrives then

  // Where it ends.
  enum class State : std::uint8_t { dialing, open, refused, ended, reset };
  State state = State::dialing;
  std::deque<Bytes> arrived;
  std::size_t bytes = 0;  // under way and unread
  bool awaited = true;    // the receiver wants to be woken
  Bell arrival;

  // Where it begins.
  bool broken = false;   // nothing can be sent any more
  bool refused = false;  // a frame found no room
  Bell room;
};

struct Wire {
  std::string listener;     // the name that was dialed
  std::array<Way, 2> ways;  // [0]: from who has dialed
};

}  // namespace troupe::sim
