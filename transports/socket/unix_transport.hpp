// SPDX-License-Identifier: Apache-2.0
#pragma once

// unix: stream sockets of this machine. unix:/path, unix:@abstract-name, or unix: alone for a
// socket in this user's private directory. Carries descriptors; the kernel vouches for the peer:
// only processes of this user, or root, are accepted or connected to (?peers=any lifts that).

#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class UnixTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "unix"; }
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
