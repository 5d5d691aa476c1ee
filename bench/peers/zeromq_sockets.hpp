// SPDX-License-Identifier: Apache-2.0
#pragma once

// What works with libzmq by hand have in common: a ROUTER listens, with CURVE or in the clear, and
// who connects has a key of its own then.

#include <zmq.hpp>

#include <array>
#include <optional>
#include <string>

namespace bench::zeromq {

struct Keys {
  std::array<char, 41> known{};
  std::array<char, 41> secret{};
};
// For who listens, before the fork that makes who connects; nothing: in the clear.
std::optional<Keys> keys_if(bool curve);

// Where it listens then. `below`: tcp or ipc; `name` is of this socket alone in its process.
std::string listen(zmq::socket_t& socket, const std::string& below, const std::string& name,
                   const std::optional<Keys>& own);
void connect(zmq::socket_t& socket, const std::string& where, const std::optional<Keys>& server);

zmq::message_t receive(zmq::socket_t& socket);

}  // namespace bench::zeromq
