// SPDX-License-Identifier: Apache-2.0
#pragma once

// fifo: named pipes, between unrelated processes of this machine: fifo:/path.
//
// With many peers, the default: the listener reads short hellos from the named pipe; each names a
// private pair of pipes that the client made, over which the two then talk, both ways
// (docs/wire-protocol.md#fifo). Direct, with ?direct=read or ?direct=write, and by default for the
// framings lines and raw: this side reads from, or writes to, the named pipe itself, as `cat` does;
// one peer at a time. Either side may come first.

#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class FifoTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "fifo"; }
  Capabilities capabilities() const noexcept override {
    return {.duplex = true, .many_peers = true};
  }
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;
};

}  // namespace troupe::transports
