// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmConnection: frames through memory that two processes share. While both are awake no system
// call is made; who sleeps is rung. A peer that is gone, however it went, leaves what it had sent
// to be received, and then the end. docs/architecture.md#shared-memory.

#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/shm/shm_inbox.hpp"
#include "troupe/transports/shm/shm_link.hpp"
#include "troupe/transports/shm/shm_outbox.hpp"

#include <memory>
#include <string>

namespace troupe::transports {

class ShmConnection final : public FrameConnection {
 public:
  // `greeted`: see ShmInbox. Errors: overloaded (descriptors are short), system.
  static Result<std::unique_ptr<ShmConnection>> create(ShmLink link, const ShmOutbox::Setup& setup,
                                                       bool greeted);
  // Goes on with an end that was handed over. Errors: malformed, refused, overloaded, system.
  static Result<std::unique_ptr<ShmConnection>> adopt(Handover handover);
  ~ShmConnection() override;

  static constexpr Capabilities kCapabilities{.duplex = true,
                                              .many_peers = true,
                                              .fds = true,
                                              .direct = true,
                                              .loans = true,
                                              .peer_identity = true};
  Capabilities capabilities() const noexcept override {
    Capabilities can = kCapabilities;
    can.loans = setup_.loans > 0;
    return can;
  }
  const Address& peer() const noexcept override { return setup_.peer; }

  Result<Progress> try_send(OutgoingFrame& frame, Lane lane, When /*when*/) override {
    return outbox_.try_send(frame, lane);
  }
  void take_over(OutgoingFrame& frame) override { outbox_.take_over(frame); }
  Result<Progress> try_flush() override { return outbox_.try_flush(); }
  Result<std::optional<Loan>> try_lend(std::size_t bytes) override {
    return outbox_.try_lend(bytes);
  }
  std::string loan_holders() const override { return outbox_.loan_holders(); }
  std::size_t buffered() const noexcept override { return outbox_.buffered(); }
  Readiness writable() const noexcept override { return outbox_.writable(); }

  Result<Progress> try_receive(IncomingFrame& frame, std::span<std::byte> destination,
                               From from) override {
    return inbox_->try_receive(frame, destination, from);
  }
  void leave_destination() override { inbox_->leave_destination(); }
  void set_receive_limit(std::size_t bytes) noexcept override { inbox_->set_receive_limit(bytes); }
  std::span<UniqueFd> fds() noexcept override { return inbox_->fds(); }
  void drop_fds() noexcept override { inbox_->drop_fds(); }
  bool arm_receive() override { return inbox_->arm(); }
  Readiness readable() const noexcept override;

  Result<Handover> hand_over(const IncomingFrame* untaken) override;
  void close() noexcept override;

 private:
  ShmConnection(std::shared_ptr<ShmLink> link, ShmOutbox::Setup setup,
                std::unique_ptr<ShmInbox> inbox);

  const std::shared_ptr<ShmLink> link_;
  const ShmOutbox::Setup setup_;
  ShmOutbox outbox_;
  const std::unique_ptr<ShmInbox> inbox_;
  bool handed_over_ = false;  // another process goes on with this end
};

}  // namespace troupe::transports
