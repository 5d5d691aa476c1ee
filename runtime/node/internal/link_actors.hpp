// SPDX-License-Identifier: Apache-2.0
#pragma once

// The actors that links live by: one that takes in who connects, one for each link that is being
// made, and for each that is there one that reads and one that watches, for the other side, over
// actors of this one.

#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/down.hpp"
#include "troupe/runtime/actor/protocol.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <cstdint>
#include <memory>
#include <unordered_set>

namespace troupe::node {

class Hub;
class Line;
class Link;

class Listening final {
 public:
  Listening(std::shared_ptr<Hub> hub, Listener listener);

  void started(Context& context);

 private:
  const std::shared_ptr<Hub> hub_;
  Listener listener_;
};

// The other side wants to hear of the end of the actor of that number.
struct Watch {
  std::uint64_t number = 0;
};

class Watching final {
 public:
  explicit Watching(std::shared_ptr<Link> link) noexcept;

  void handle(Watch watch, Context& context);
  void handle(const Down& down);

 private:
  const std::shared_ptr<Link> link_;
  std::unordered_set<std::uint64_t> watched_;
};

// Makes the link that a line is to go over; where there can be none, its stand-in ends.
void start_linking(const std::shared_ptr<Hub>& hub, const std::shared_ptr<Line>& line);
// Has an actor ping, where no thread can.
void start_pinging(const std::shared_ptr<Hub>& hub);
void start_link_actors(const std::shared_ptr<Hub>& hub, const std::shared_ptr<Link>& link);

}  // namespace troupe::node
