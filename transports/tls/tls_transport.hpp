// SPDX-License-Identifier: Apache-2.0
#pragma once

// tls: TCP between hosts, encrypted, the peer known by its certificate: tls://host:port, with the
// files that TlsOptions names. TLS 1.3 only. A session stays in the process that made it, so its
// ends cannot travel, and there are no pairs.

#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class TlsTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "tls"; }
  Capabilities capabilities() const noexcept override;
  // The dial's own errors: refused (the peer is not who it has to be, does not speak TLS 1.3, or
  // has refused), timed_out (no handshake within ConnectOptions::handshake).
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;
};

}  // namespace troupe::transports
