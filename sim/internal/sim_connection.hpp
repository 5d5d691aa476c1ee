// SPDX-License-Identifier: Apache-2.0
#pragma once

// SimConnection: one end of a Wire. One thread's.

#include "troupe/base/buffer.hpp"
#include "troupe/sim/internal/network.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace troupe::sim {

class SimConnection final : public transports::FrameConnection {
 public:
  static constexpr transports::Capabilities kCapabilities{
      .duplex = true, .many_peers = true, .direct = true, .other_hosts = true};

  SimConnection(Network& network, std::shared_ptr<Wire> wire, std::size_t side,
                std::size_t max_message);
  ~SimConnection() override { SimConnection::close(); }

  transports::Capabilities capabilities() const noexcept override { return kCapabilities; }
  const Address& peer() const noexcept override { return peer_; }

  Result<transports::Progress> try_send(transports::OutgoingFrame& frame, transports::Lane lane,
                                        transports::When when) override;
  void take_over(transports::OutgoingFrame& /*frame*/) override {}  // it goes whole or not at all
  Result<transports::Progress> try_flush() override { return transports::Progress::done; }
  std::size_t buffered() const noexcept override { return 0; }
  transports::Readiness writable() const noexcept override { return out().room.readiness(); }

  Result<transports::Progress> try_receive(transports::IncomingFrame& frame,
                                           std::span<std::byte> destination,
                                           transports::From from) override;
  void leave_destination() override {}
  void set_receive_limit(std::size_t bytes) noexcept override { receive_limit_ = bytes; }
  std::span<UniqueFd> fds() noexcept override { return {}; }
  void drop_fds() noexcept override {}
  bool arm_receive() override;
  transports::Readiness readable() const noexcept override { return in().arrival.readiness(); }

  Result<transports::Handover> hand_over(const transports::IncomingFrame* untaken) override;
  void close() noexcept override;

 private:
  Way& out() const noexcept { return wire_->ways[side_]; }
  Way& in() const noexcept { return wire_->ways[1 - side_]; }
  Error error(Code code, std::string_view doing, std::string_view why) const;
  Result<transports::Progress> receive_failed(Code code, std::string_view why);

  Network& network_;
  const std::shared_ptr<Wire> wire_;
  const std::size_t side_;
  const Address peer_;
  const std::size_t max_message_;
  std::size_t receive_limit_;
  std::optional<Error> receive_error_;
  bool closed_ = false;
};

}  // namespace troupe::sim
