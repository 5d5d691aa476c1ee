// SPDX-License-Identifier: Apache-2.0
#pragma once

// Way: one way to come by two connected ends; what the conformance suites of FrameConnection are
// instantiated with. Each transport's test file lists its own.

#include "troupe/transports/transport.hpp"

#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace troupe::harness {

// What a foreign program holds: plain descriptors, which it reads and writes.
struct RawPeer {
  std::shared_ptr<void> behind{};  // what carries its bytes on, where the transport changes them
  UniqueFd input{};
  UniqueFd output{};

  int reads() const noexcept { return input.get(); }
  int writes() const noexcept { return output ? output.get() : input.get(); }
  void close() {
    input.reset();
    output.reset();
  }
};

struct Way {
  std::string name;  // letters only
  // Two ends; of a one-way pair the first receives and the second sends.
  std::function<transports::ConnectionPair(transports::Transport&, const ConnectOptions&)> connect;
  std::function<std::unique_ptr<transports::Transport>()> transport;
  transports::Capabilities capabilities;  // what both ends must say of themselves
  enum class Reset : std::uint8_t { none, by_unread, by_linger };
  Reset reset = Reset::none;  // how a foreign peer can break the link, if it can
  // Where an end's descriptors are not its bytes: an end whose peer is a foreign program.
  struct Foreign {
    std::unique_ptr<transports::FrameConnection> end;
    RawPeer peer;
  };
  std::function<Foreign(transports::Transport&, const ConnectOptions&)> foreign{};
};

std::ostream& operator<<(std::ostream& out, const Way& way);

// The transport's pair().
Way pair_way(std::string name, std::function<std::unique_ptr<transports::Transport>()> transport,
             const Address& address, transports::Direction direction,
             transports::Capabilities capabilities, Way::Reset reset = Way::Reset::none);

// By a listener at `address`, where %d stands for a folder of the test's own. The first end is the
// accepted one.
Way listener_way(std::string name,
                 std::function<std::unique_ptr<transports::Transport>()> transport,
                 std::string address, transports::Capabilities capabilities,
                 Way::Reset reset = Way::Reset::none);

// Goes on with a dial and a listener until both have their end.
transports::ConnectionPair meet(transports::FrameListener& listener, transports::Dial& dial);

}  // namespace troupe::harness
