// SPDX-License-Identifier: Apache-2.0
#pragma once

// tcp: sockets between hosts, IPv4 and IPv6: tcp://host:port. Port 0 listens at a free one. Nothing
// is encrypted, and the key is proven only at the start: a listener beyond loopback must therefore
// say ?plaintext=accepted.

#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/transport.hpp"

namespace troupe::transports {

struct TcpListening {
  UniqueFd socket;  // bound, listening, non-blocking
  Address address;  // with the port that was chosen, without a path
};

// Listens at a tcp:// address, for whatever is then spoken there. Errors: exists (it is in use),
// refused (permission; not loopback, and plaintext=accepted is not said), not_found (no such host),
// invalid_argument, system.
Result<TcpListening> listen_at_tcp(const Address& address);

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
