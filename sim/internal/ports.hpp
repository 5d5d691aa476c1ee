// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ports of a node: a clock that the World moves, a poller that drives the World instead of
// sleeping, and an executor that has no threads. One thread's.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/fiber/ports.hpp"

#include <functional>
#include <memory>

namespace troupe::sim {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Instant begin) noexcept : now_(begin) {}

  Instant now() const noexcept override { return now_; }
  // Never back.
  void move_to(Instant when) noexcept {
    if (when > now_) {
      now_ = when;
    }
  }

 private:
  Instant now_;
};

// Does something in the World, or moves its clock; false: nothing is left to be done until then.
using Step = std::function<bool(Deadline until)>;

// For descriptors that something in this process makes ready: those of futures and inboxes.
std::unique_ptr<Poller> stepping_poller(Step step);
// Refuses: throws Error (refused).
std::unique_ptr<Executor> no_executor();

}  // namespace troupe::sim
