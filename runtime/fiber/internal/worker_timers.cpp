// SPDX-License-Identifier: Apache-2.0
// Worker: timers, deadlines, and the end of waits that nobody fires.
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <algorithm>
#include <mutex>

namespace troupe::fiber {

Instant Worker::first_timer() const noexcept {
  return std::min(timers_.first(), Instant{Duration{shared_first_.load()}});
}

void Worker::fire_timers() noexcept {
  queue_deadlines();
  if (first_timer() == Instant::max()) {
    return;
  }
  now_ = scheduler_.runtime().clock().now();
  while (TimerEntry* const entry = timers_.take_due(now_)) {
    entry->due();
  }
  while (TimerEntry* const entry = take_shared_due()) {
    entry->due();
  }
}

TimerEntry* Worker::take_shared_due() noexcept {
  const std::lock_guard lock{shared_timers_lock_};
  TimerEntry* const entry = shared_timers_.take_due(now_);
  shared_first_.store(shared_timers_.first().time_since_epoch().count());
  return entry;
}

void Worker::add_timer(TimerEntry& entry, Instant when) {
  bool first = false;
  {
    const std::lock_guard lock{shared_timers_lock_};
    shared_timers_.add(entry, when);
    first = when == shared_timers_.first();
    shared_first_.store(shared_timers_.first().time_since_epoch().count());
  }
  if (first && current_ != this) {
    notify();  // it may sleep for longer
  }
}

bool Worker::remove_timer(TimerEntry& entry) noexcept {
  const std::lock_guard lock{shared_timers_lock_};
  if (!entry.queued()) {
    return false;
  }
  shared_timers_.remove(entry);
  shared_first_.store(shared_timers_.first().time_since_epoch().count());
  return true;
}

// The newest waits are first, and those that were looked at before are behind them.
void Worker::queue_deadlines() noexcept {
  for (Waiter* waiter = waits_; waiter != nullptr && !waiter->considered_; waiter = waiter->next_) {
    waiter->considered_ = true;
    if (waiter->until_ != Instant::max()) {
      timers_.add(*waiter, waiter->until_);
    }
  }
}

void Worker::cancel_waits() noexcept {
  cancelled_ = true;
  for (Waiter* waiter = waits_; waiter != nullptr; waiter = waiter->next_) {
    waiter->give_up(Waiter::Outcome::cancelled);
  }
}

void Worker::cancel_waits_of(const Task& task) noexcept {
  for (Waiter* waiter = waits_; waiter != nullptr; waiter = waiter->next_) {
    if (waiter->task_ == &task) {
      waiter->give_up(Waiter::Outcome::cancelled);
    }
  }
}

}  // namespace troupe::fiber
