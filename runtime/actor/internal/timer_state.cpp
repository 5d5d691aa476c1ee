// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/timer_state.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"

#include <utility>

namespace troupe {

void Timer::cancel() {
  if (state_ != nullptr) {
    state_->cancel();
  }
}

namespace actor {

void TimerState::begin(fiber::Worker& worker, Instant when) {
  worker_ = &worker;
  when_ = when;
  queue();
}

void TimerState::queue() {
  self_ = shared_from_this();
  worker_->add_timer(*this, when_);
}

void TimerState::cancel() noexcept {
  cancelled_.store(true);
  if (worker_->remove_timer(*this)) {
    const auto last = std::move(self_);  // may be the last reference: goes at the end
  }
}

void TimerState::on_due(TimerEntry& entry) {
  static_cast<TimerState&>(entry).due();
}

void TimerState::due() {
  const auto keep = std::move(self_);
  if (cancelled_.load() || !target_.cell->is(target_.number)) {
    return;
  }
  if (!in_mailbox_.exchange(true)) {
    Envelope& envelope = write_(keep);
    envelope.target = target_.number;
    envelope.sent = ticks_of(worker_->now());
    target_.cell->charge(envelope);
    target_.cell->push_anyway(envelope);
  }
  if (period_ > Duration::zero()) {
    // From when it was due, not from now: a late turn does not shift the others; missed ones are
    // left out.
    const Duration late = worker_->now() - when_;
    when_ += (late / period_ + 1) * period_;
    queue();
    if (cancelled_.load()) {
      cancel();
    }
  }
}

}  // namespace actor
}  // namespace troupe
