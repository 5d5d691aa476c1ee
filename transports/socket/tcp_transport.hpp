// SPDX-License-Identifier: Apache-2.0
#pragma once

// tcp: sockets between hosts, IPv4 and IPv6: tcp://host:port. Port 0 listens at a free one. Nothing
// is encrypted, and the key is proven only at the start: a listener beyond loopback must therefore
// say ?plaintext=accepted.

#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class TcpTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "tcp"; }
  Capabilities capabilities() const noexcept override;
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;
};

}  // namespace troupe::transports
