// SPDX-License-Identifier: Apache-2.0
#pragma once

// shm: through memory that the two processes share. shm://name, met by a socket of that name in
// this user's private directory; shm:/path, by a socket at a path; shm: alone for a name that the
// system chooses. ?ring=BYTES sets how much each direction holds (256 KiB; a power of two), as the
// listener says; ?loans=BYTES how much this end lends at once beyond that (128 MiB; 0: nothing).
// Carries descriptors; the kernel vouches for the peer, as with unix:.

#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class ShmTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "shm"; }
  Capabilities capabilities() const noexcept override;
  // Both ends must be of builds with the same layout of the memory; else refused, with both
  // versions.
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  // The listener makes the memory of each connection; overloaded when there is none, or too little
  // in this process's memory cgroup.
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;
};

}  // namespace troupe::transports
