// SPDX-License-Identifier: Apache-2.0
#pragma once

// InprocConnection: one end of two FrameQueues. Threads: as FrameConnection says.

#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/inproc/frame_queue.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace troupe::transports {

class InprocConnection final : public FrameConnection {
 public:
  InprocConnection(Address peer, std::size_t max_message, std::shared_ptr<FrameQueue> incoming,
                   std::shared_ptr<FrameQueue> outgoing);
  ~InprocConnection() override { end(); }

  static constexpr Capabilities kCapabilities{
      .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

  Capabilities capabilities() const noexcept override { return kCapabilities; }
  const Address& peer() const noexcept override { return peer_; }

  Result<Progress> try_send(OutgoingFrame& frame, Lane lane, When when) override;
  void take_over(OutgoingFrame& frame) override;
  Result<Progress> try_flush() override { return Progress::done; }
  std::size_t buffered() const noexcept override { return 0; }
  Readiness writable() const noexcept override { return outgoing_->writable(); }

  Result<Progress> try_receive(IncomingFrame& frame, std::span<std::byte> destination,
                               From from) override;
  void leave_destination() override {}
  void set_receive_limit(std::size_t bytes) noexcept override { receive_limit_ = bytes; }
  std::span<UniqueFd> fds() noexcept override { return taken_.fds; }
  void drop_fds() noexcept override { taken_.fds.clear(); }
  bool arm_receive() override;
  Readiness readable() const noexcept override { return incoming_->readable(); }

  Result<Handover> hand_over(const IncomingFrame* untaken) override;
  void close() noexcept override;

 private:
  void end() noexcept;
  Error receive_failed(Code code, const std::string& what);

  const Address peer_;
  const std::size_t max_message_;
  const std::shared_ptr<FrameQueue> incoming_;
  const std::shared_ptr<FrameQueue> outgoing_;
  std::atomic<bool> closed_{false};

  // The receiving thread's.
  std::optional<Error> receive_error_;
  std::size_t receive_limit_;
  FrameQueue::Frame taken_;  // the last frame: its descriptors
};

}  // namespace troupe::transports
