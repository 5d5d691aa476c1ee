// SPDX-License-Identifier: Apache-2.0
#pragma once

// How connections are made: what both a listener and a client may choose.

#include "troupe/base/clock.hpp"
#include "troupe/transports/auth_key.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe {

// How messages are told apart in a stream of bytes.
enum class Framing : std::uint8_t {
  python,  // a length before each, as Python's multiprocessing.connection has it
  lines,   // a message a line, without its line end: for shells
  raw,     // whatever one read returns: for foreign programs
};

struct ConnectOptions {
  AuthKey key{};  // empty: no authentication
  Framing framing = Framing::python;
  std::size_t max_message = 64U << 20U;          // bytes; a larger one is refused on both sides
  Duration handshake = std::chrono::seconds{5};  // how long a peer may take to prove the key
  // Between hosts: a peer whose kernel has not answered for so long is lost (disconnected); its
  // process may be stopped or busy for as long as it likes. To the second, at least 2.
  Duration lost_after = std::chrono::seconds{30};
};

}  // namespace troupe
