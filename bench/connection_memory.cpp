// SPDX-License-Identifier: Apache-2.0
// How much memory does a connection through shared memory hold?
//
// Method. One process makes so many duplex connections and keeps both ends of each, so that the
// figure is what the two sides hold together. It is what the process holds more than before, by
// connection, as held_memory.hpp counts it. One connection that is used goes before, uncounted:
// what the runtime holds once is not in it either.
#include "held_memory.hpp"
#include "questions.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/runtime.hpp"

#include <array>
#include <vector>

namespace bench {
namespace {

using troupe::ConnectedEnds;

constexpr int kConnections = 64;

ConnectedEnds connected(troupe::Runtime& runtime) {
  return troupe::connect_ends(runtime, "shm:", troupe::transports::Direction::duplex, false)
      .value();
}

void pass_one_message(ConnectedEnds& ends) {
  std::array<std::byte, kRoundTripBytes> message{};
  ends.first.send_bytes(message).value();
  ends.second.receive_into(message).value();
}

double bytes_a_connection(bool used) {
  troupe::Runtime runtime{troupe::RuntimeOptions{}};
  ConnectedEnds first = connected(runtime);
  pass_one_message(first);
  std::vector<ConnectedEnds> connections;
  connections.reserve(kConnections);
  const Held before = held_now();
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(connected(runtime));
    if (used) pass_one_message(connections.back());
  }
  return held_now().more_than(before) / kConnections;
}

Work work(const std::string& variant, bool used) {
  return {.name = "memory/shm/" + variant,
          .unit = "bytes",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [=](const Effort& /*effort*/) { return bytes_a_connection(used); }}},
          .budget = std::nullopt};
}

}  // namespace

Question connection_memory() {
  return {
      .title = "Memory a connection through shared memory holds, both ends",
      .method = "of 64 connections: idle, or after a message of 64 bytes through each",
      .works = {work("idle", false), work("used", true)},
  };
}

}  // namespace bench
