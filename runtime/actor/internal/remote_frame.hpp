// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a process actor and those who send to it say to each other: a frame is its kind, then the
// values listed there, then the message or reply where there is one; each a msgpack value. Part of
// the wire format: docs/wire-protocol.md#process-actors.

#include "troupe/runtime/actor/remote_error.hpp"
#include "troupe/serialization/codec.hpp"

#include <cstdint>

namespace troupe::actor {

enum class RemoteFrame : std::uint8_t {
  // to the actor
  tell = 1,     // index of the message; message
  ask = 2,      // index, number of the ask, ns until its deadline (0: none); message
  stop = 3,     // nothing
  give_up = 7,  // number of the ask, which may have been answered
  // from the actor
  reply = 4,   // number of the ask, Done; reply (none where it is void)
  error = 5,   // number of the ask, Done, RemoteError
  credit = 6,  // Done
};

// Messages that are done with, since the last time it was said: so many more may come.
struct Done {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
};

// Reads the kind of a frame. Errors: malformed.
Result<RemoteFrame> read_kind(Reader& reader);

}  // namespace troupe::actor
