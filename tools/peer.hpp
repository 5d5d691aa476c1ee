// SPDX-License-Identifier: Apache-2.0
#pragma once

// Peer: the other side as one who only sends sees it. What it says is of no use; but that it asks
// for a key, or has gone, must be heard, or messages would be lost in silence.

#include <troupe/troupe.hpp>

namespace troupe::tools {

class Peer final {
 public:
  Peer(Runtime& runtime, Connection& connection);

  // Waits until `fd` can be read. Errors: refused (it asks for a key), disconnected, malformed,
  // cancelled.
  Result<void> hear_until_readable(int fd);

  // Why a send failed: `error`, unless the peer has said it better.
  Error why(const Error& error);

  // After the last message: says that nothing more comes, and waits until the peer has taken
  // everything or has closed; about a second at most, since a peer may keep a connection for long.
  // Errors: as above.
  Result<void> see_off(Deadline patience);

 private:
  Result<void> hear();

  Runtime& runtime_;
  Connection& connection_;
  bool talks_;  // something may come from it
};

}  // namespace troupe::tools
