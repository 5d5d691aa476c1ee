// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/signal_delivery.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/subscriber.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::actor {

void SignalLetter::destroy(Envelope& envelope) noexcept {
  static_cast<SignalLetter&>(envelope).pending.reset();
  Letter::destroy(envelope);
}

bool SignalLetter::wanted(Envelope& envelope) noexcept {
  auto& letter = static_cast<SignalLetter&>(envelope);
  const auto came = letter.pending->take(letter.message.number);
  if (came) {
    letter.message = *came;
  }
  return came.has_value();
}

void SignalDelivery::begin(RuntimeCore& runtime) {
  runtime.executor().execute([&runtime, self = shared_from_this()] {
    std::array items{PollItem{{self->box_.fd(), POLLIN}}, PollItem{{runtime.stop_fd(), POLLIN}}};
    while (!self->ended_ && !runtime.stopping()) {
      (void)runtime.poller().wait(items, forever);
      while (const auto signal = self->box_.take()) {
        self->deliver(*signal);
      }
    }
  });
}

void SignalDelivery::add(const Target& target, WriteSignal write) {
  const std::lock_guard lock{mutex_};
  if (std::ranges::find(receivers_, target, &Receiver::target) == receivers_.end()) {
    receivers_.push_back({target, write, std::make_shared<process::PendingSignals>()});
  }
}

void SignalDelivery::deliver(const Signal& signal) {
  std::vector<Receiver> receivers;
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(receivers_,
                  [](const Receiver& its) { return !its.target.cell->is(its.target.number); });
    receivers = receivers_;
  }
  for (const Receiver& receiver : receivers) {
    if (receiver.pending->add(signal)) {
      SignalLetter& letter = receiver.write(signal);
      letter.pending = receiver.pending;
      deliver_anyway(receiver.target, letter);
    }
  }
}

void SignalDelivery::end() {
  box_.leave();
  ended_ = true;
  box_.ring();
}

}  // namespace troupe::actor
