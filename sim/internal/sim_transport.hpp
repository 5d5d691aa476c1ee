// SPDX-License-Identifier: Apache-2.0
#pragma once

// SimTransport: "sim:" of one node of a World. A node listens below its own name: sim:bank, or
// sim:bank/rates. One thread's.

#include "troupe/sim/internal/network.hpp"
#include "troupe/transports/transport.hpp"

#include <memory>
#include <string_view>

namespace troupe::sim {

class SimTransport final : public transports::Transport {
 public:
  SimTransport(Network& network, Node& node) noexcept : network_(network), node_(node) {}

  std::string_view scheme() const noexcept override { return "sim"; }
  transports::Capabilities capabilities() const noexcept override;
  Result<std::unique_ptr<transports::Dial>> dial(const Address& address,
                                                 const ConnectOptions& options) override;
  Result<std::unique_ptr<transports::FrameListener>> listen(const Address& address,
                                                            const ConnectOptions& options) override;
  // Refused, both: what is within a node needs no network.
  Result<transports::ConnectionPair> pair(const Address& address, transports::Direction direction,
                                          const ConnectOptions& options) override;
  Result<std::unique_ptr<transports::FrameConnection>> adopt(
      transports::Handover handover) override;

 private:
  Network& network_;
  Node& node_;
};

}  // namespace troupe::sim
