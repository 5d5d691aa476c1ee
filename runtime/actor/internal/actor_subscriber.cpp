// SPDX-License-Identifier: Apache-2.0
// A subscriber that is an actor.
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/subscriber.hpp"
#include "troupe/runtime/actor/system.hpp"

#include <utility>

namespace troupe::actor {

// One letter at most is on its way for it.
class MissedCount final {
 public:
  // True: that was the first since take().
  bool add() noexcept { return count_.fetch_add(1) == 0; }
  std::uint64_t take() noexcept { return count_.exchange(0); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

void MissedLetter::destroy(Envelope& envelope) noexcept {
  static_cast<MissedLetter&>(envelope).count.reset();
  Letter::destroy(envelope);
}

bool MissedLetter::wanted(Envelope& envelope) noexcept {
  auto& letter = static_cast<MissedLetter&>(envelope);
  letter.message.count = letter.count->take();
  return true;
}

void deliver_anyway(const Target& target, Envelope& envelope) {
  Cell& cell = *target.cell;
  if (!cell.is(target.number)) {
    discard(envelope);
    return;
  }
  System& system = cell.system();
  envelope.target = target.number;
  envelope.sent = ticks_of(system.coarse_now());
  if (Courier* const courier = system.courier(); courier != nullptr) {
    if (cell.when_full() != WhenFull::drop_oldest) {
      cell.charge(envelope);  // there it is when it arrives
    }
    const Cell* const sender = Cell::current();
    (void)courier->carry(sender != nullptr ? sender->number() : 0, target, envelope,
                         ~std::size_t{0});
  } else if (!cell.try_in(envelope)) {
    if (cell.when_full() != WhenFull::drop_oldest) {
      cell.charge(envelope);
      cell.push_anyway(envelope);
    } else if (!cell.push_dropping(envelope)) {
      discard(envelope);
    }
  }
}

ActorSubscriber::ActorSubscriber(const Target& target, const TopicDelivery& delivery)
    : target_(target), delivery_(delivery), missed_(std::make_shared<MissedCount>()) {}

bool ActorSubscriber::gone() const {
  return !target_.cell->is(target_.number);
}

std::string ActorSubscriber::text() const {
  return "the mailbox of " + target_.cell->text();
}

void ActorSubscriber::put(const SharedMessage& message) {
  if (gone()) {
    return;
  }
  static constexpr Deadline kNow = Deadline::at_once();
  Envelope& envelope = delivery_.write(message.get());
  if (const Sent sent = deliver(target_, envelope, &kNow); !sent) {
    discard(envelope);
    if (sent.code() != Code::closed) {
      note_missed();
    }
  }
}

// Behind all that was published before, and beyond the mailbox's capacity: there is one at most.
void ActorSubscriber::note_missed() {
  if (delivery_.write_missed != nullptr && missed_->add()) {
    deliver_anyway(target_, delivery_.write_missed(missed_));
  }
}

bool ActorSubscriber::has_room() {
  return gone() || target_.cell->has_room(reserved_.load());
}

// Others may have sent to it meanwhile: then the mailbox has one more than its capacity.
void ActorSubscriber::put_reserved(const SharedMessage& message) {
  reserved_.fetch_sub(1);
  if (!gone()) {
    deliver_anyway(target_, delivery_.write(message.get()));
  }
}

void ActorSubscriber::release() {
  reserved_.fetch_sub(1);
  target_.cell->let_senders_in();
}

Result<void> ActorSubscriber::wait_for_room(RuntimeCore& /*runtime*/, Deadline until) {
  const Sent sent = target_.cell->wait_until_room(
      target_, [this] { return reserved_.load(); }, until);
  if (sent || sent.code() == Code::closed) {
    return {};
  }
  if (sent.code() == Code::overloaded) {
    return Error{until.passed() ? Code::timed_out : Code::overloaded, "publish: no room"};
  }
  return Error{sent.code(),
               "publish: " + text() + " is full" +
                   (sent.code() == Code::refused ? " and its actor waits for this one in the end"
                                                 : " and the runtime is stopping")};
}

}  // namespace troupe::actor
