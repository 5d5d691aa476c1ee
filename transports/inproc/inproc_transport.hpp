// SPDX-License-Identifier: Apache-2.0
#pragma once

// inproc: between threads of this process, by name: inproc://name. Frames are handed over whole.
// Names belong to one runtime: two runtimes do not see each other's.

#include "troupe/transports/transport.hpp"

#include <memory>

namespace troupe::transports {

class InprocTransport final : public Transport {
 public:
  InprocTransport();
  ~InprocTransport() override;

  std::string_view scheme() const noexcept override { return "inproc"; }
  Capabilities capabilities() const noexcept override;
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  // Refused: such a connection does not leave its process.
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;

 private:
  class Names;
  class Listener;

  std::shared_ptr<Names> names_;
};

}  // namespace troupe::transports
