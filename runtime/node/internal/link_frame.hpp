// SPDX-License-Identifier: Apache-2.0
#pragma once

// What two nodes say to each other over a link: a frame is its kind, then the values listed there,
// each a msgpack value. Part of the wire format: docs/wire-protocol.md#node-links.

#include "troupe/runtime/node/node_info.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/schema.hpp"

#include <cstdint>
#include <string>

namespace troupe::node {

inline constexpr std::string_view kMagic = "troupe-node";
inline constexpr std::uint32_t kVersion = 1;

// Messages above this are cut into parts, between which others go.
inline constexpr std::size_t kPartBytes = std::size_t{64} << 10U;

enum class LinkFrame : std::uint8_t {
  // The first, each way: Hello. After it the one that was dialed says Verdict.
  hello = 1,
  verdict = 2,
  // Control: they overtake the others.
  declare = 3,  // number of the type, Declared: before its first message
  watch = 4,    // number of an actor: its end is to be told
  stop = 5,     // number of an actor that is to stop
  credit = 6,   // number of a line, Done: of what was sent over it
  ping = 7,     // a number; comes back
  pong = 8,
  bye = 9,      // why the link ends, for people
  joined = 10,  // number of an actor, name of a group, numbers of the types that it takes there
  left = 11,    // number of an actor, name of a group
  // Data, in their order.
  tell = 16,   // Route; message
  ask = 17,    // Route, number of the ask, ns until its deadline (0: none), chain; message
  reply = 18,  // number of the ask; reply
  error = 19,  // number of the ask, RemoteError
  down = 20,   // number of an actor, its name, Exit
  part = 21,   // number of a large frame, whether it is its last; bytes
};

struct Hello {
  std::string magic;
  std::uint32_t version = 0;
  NodeInfo node;
  std::uint64_t service = 0;    // the actor that finds names and spawns
  std::uint64_t detection = 0;  // ns without a sign of life after which the other side gives up
  std::uint32_t window_messages = 0;  // on their way to one actor, or waiting for it
  std::uint64_t window_bytes = 0;
  std::string build;
  // Which host, network and user it is of: two that say the same may share memory. Empty: unknown,
  // or unwanted.
  std::string host;
  // By who was dialed, to one of its host: the name under which it listens at shm:, too.
  std::string near;
};

struct Verdict {
  bool welcome = false;
  bool duplicate = false;  // there is a link between the two already
  std::string why;
};

struct Declared {
  Schema message;
  Schema reply;
};

// A line is the way from one place on a node to one actor of another.
struct Route {
  std::uint64_t line = 0;      // number of the line, given by who sends
  std::uint64_t target = 0;    // number of the actor
  std::uint64_t type = 0;      // as declared
  std::uint64_t sequence = 0;  // from 1, without a gap, over this line
  std::uint64_t trace = 0;     // 0: none
};

struct Done {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
};

// Begins a frame.
inline void begin(Writer& writer, LinkFrame kind) {
  writer.natural(static_cast<std::uint64_t>(kind));
}
// Errors: malformed.
Result<LinkFrame> read_kind(Reader& reader);

}  // namespace troupe::node
