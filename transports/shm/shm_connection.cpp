// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_connection.hpp"

#include <string>
#include <utility>

namespace troupe::transports {
namespace {

// What Handover::side says of an end.
constexpr unsigned kClientBit = 1;
constexpr unsigned kUngreetedBit = 2;
constexpr unsigned kMessageBit = 4;  // `received` is a message

}  // namespace

Result<std::unique_ptr<ShmConnection>> ShmConnection::create(ShmLink link,
                                                             const ShmOutbox::Setup& setup,
                                                             bool greeted) {
  auto shared = std::make_shared<ShmLink>(std::move(link));
  auto inbox = ShmInbox::create(shared, setup.peer, setup.max_message, greeted);
  if (!inbox) {
    return inbox.error();
  }
  return std::unique_ptr<ShmConnection>{
      new ShmConnection{std::move(shared), setup, std::move(*inbox)}};
}

ShmConnection::ShmConnection(std::shared_ptr<ShmLink> link, ShmOutbox::Setup setup,
                             std::unique_ptr<ShmInbox> inbox)
    : link_(std::move(link)),
      setup_(std::move(setup)),
      outbox_(link_, setup_),
      inbox_(std::move(inbox)) {}

ShmConnection::~ShmConnection() {
  close();
}

// Loans that are still viewed keep the memory and the bells, by which they go back; the socket,
// whose end the peer waits for, goes.
void ShmConnection::close() noexcept {
  if (link_->socket) {
    kill_point("close.begin");
    if (!handed_over_) {
      link_->outgoing().writer_closed.store(1, std::memory_order_release);
    }
    outbox_.close();
    inbox_->close();
    kill_point("close.left");
    link_->socket.reset();
    kill_point("close.ended");
  }
}

Readiness ShmConnection::readable() const noexcept {
  return link_->socket ? inbox_->readable() : Readiness{};
}

Result<Handover> ShmConnection::hand_over(const IncomingFrame* untaken) {
  const std::string doing = "hand " + setup_.peer.text() + " to another process";
  if (!link_->socket) {
    return Error{Code::closed, doing + ": this end is closed"};
  }
  for (const auto& can : {outbox_.prepare_to_leave(), inbox_->can_leave()}) {
    if (!can) {
      return can.error().within(doing);
    }
  }
  auto lent = inbox_->loans().hand_over();
  if (!lent) {
    return lent.error().within(doing);
  }
  auto socket = UniqueFd::duplicate(link_->socket.get());
  auto memory = UniqueFd::duplicate(link_->segment.fd());
  auto own_bell = UniqueFd::duplicate(link_->own_bell.get());
  auto peer_bell = UniqueFd::duplicate(link_->peer_bell.get());
  for (const auto* fd : {&socket, &memory, &own_bell, &peer_bell}) {
    if (!*fd) {
      return fd->error().within(doing);
    }
  }
  outbox_.leave();
  inbox_->leave();
  handed_over_ = true;
  const unsigned side = (link_->side == ShmSide::client ? kClientBit : 0U) |
                        (inbox_->greeted() ? 0U : kUngreetedBit) |
                        (untaken != nullptr ? kMessageBit : 0U);
  return Handover{.peer = setup_.peer.text(),
                  .framing = setup_.framing,
                  .max_message = setup_.max_message,
                  .loans = setup_.loans,
                  .lent_from = outbox_.lent_from(),
                  .received = untaken != nullptr ? Buffer::owning(untaken->joined()) : Buffer{},
                  .input = std::move(*socket),
                  .memory = std::move(*memory),
                  .own_bell = std::move(*own_bell),
                  .peer_bell = std::move(*peer_bell),
                  .lent = std::move(*lent),
                  .side = static_cast<std::uint8_t>(side)};
}

Result<std::unique_ptr<ShmConnection>> ShmConnection::adopt(Handover handover) {
  const std::string doing = "continue " + handover.peer;
  if (!handover.input || !handover.own_bell || !handover.peer_bell ||
      handover.side > (kClientBit | kUngreetedBit | kMessageBit)) {
    return Error{Code::malformed, doing + ": a descriptor of it is missing"};
  }
  auto segment = ShmSegment::open(std::move(handover.memory), doing);
  if (!segment) {
    return segment.error();
  }
  auto connection = create(
      {std::move(*segment), (handover.side & kClientBit) != 0 ? ShmSide::client : ShmSide::listener,
       std::move(handover.input), std::move(handover.own_bell), std::move(handover.peer_bell)},
      {.peer = handover.peer,
       .framing = handover.framing,
       .max_message = handover.max_message,
       .loans = handover.loans,
       .lent_from = handover.lent_from},
      (handover.side & kUngreetedBit) == 0);
  if (!connection) {
    return connection.error().within(doing);
  }
  for (Handover::Lent& lent : handover.lent) {
    auto added = (*connection)->inbox_->loans().add(lent.id, std::move(lent.memory), lent.size);
    if (!added) {
      return added.error().within(doing);
    }
  }
  if ((handover.side & kMessageBit) != 0) {
    (*connection)->inbox_->preload(std::move(handover.received));
  }
  return connection;
}

}  // namespace troupe::transports
