// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stats: what a runtime's actors are doing, as values. Read at any time, from any thread; figures
// of one actor may be of slightly different moments. docs/metrics.md names each counter and gauge.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/actor/actor_id.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe {

struct ActorStats {
  ActorId id;
  ActorId parent;    // number 0: none
  std::string name;  // as it was spawned; else empty
  std::string type;  // its class
  // idle: nothing to do. queued: it has messages, and no worker yet. running: a worker has it.
  // waiting: its handler waits. ending.
  std::string state;
  std::string handler;  // the message that it is handling; else empty
  // The actor whose answer or room it waits for, or "a blocking() call that has taken 12 ms"; else
  // empty.
  std::string waits_for;
  ActorId awaited;          // that actor, where it is one; number 0: it is not, or has just ended
  std::size_t mailbox = 0;  // messages that wait; may count up to 15 that were handled meanwhile
  std::size_t capacity = 0;
  Duration oldest{};    // how long the first of them has waited
  Duration handling{};  // how long the current handler has taken, waits included
  std::uint64_t handled = 0;
  std::uint64_t restarts = 0;
  std::uint64_t dropped = 0;  // refused ones too
};

struct Stats {
  std::vector<ActorStats> actors;
  std::map<std::string, std::uint64_t>
      counters;  // "troupe_messages_dropped_total{cause=\"ended\"}"
  std::map<std::string, double> gauges;
};

}  // namespace troupe
