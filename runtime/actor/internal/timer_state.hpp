// SPDX-License-Identifier: Apache-2.0
#pragma once

// TimerState: one Timer of an actor: a message to itself. Thread-safe.

#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/timer.hpp"
#include "troupe/runtime/fiber/timer_queue.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace troupe::fiber {
class Worker;
}

namespace troupe::actor {

class TimerState final : public fiber::TimerEntry,
                         public std::enable_shared_from_this<TimerState>,
                         public TimedMessage {
 public:
  TimerState(const Target& target, Duration period, WriteTimed write)
      : TimerEntry(&on_due), target_(target), period_(period), write_(std::move(write)) {}

  void begin(fiber::Worker& worker, Instant when);
  void cancel() noexcept;
  void arrived() noexcept override { in_mailbox_.store(false); }
  bool cancelled() const noexcept override { return cancelled_.load(); }

 private:
  static void on_due(TimerEntry& entry);
  void due();
  void queue();

  const Target target_;
  const Duration period_;
  const WriteTimed write_;
  fiber::Worker* worker_ = nullptr;  // set by begin()
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> in_mailbox_{false};
  Instant when_{};                    // of the entry's thread
  std::shared_ptr<TimerState> self_;  // while it is queued
};

}  // namespace troupe::actor
