// SPDX-License-Identifier: Apache-2.0
#pragma once

// ManualClock: a clock that moves when a test says so. Thread-safe.

#include "troupe/base/clock.hpp"

#include <atomic>

namespace troupe::harness {

class ManualClock final : public Clock {
 public:
  Instant now() const noexcept override { return Instant{Duration{now_.load()}}; }
  void advance(Duration time) noexcept { now_.fetch_add(time.count()); }

 private:
  std::atomic<Duration::rep> now_{Duration{std::chrono::hours{1}}.count()};
};

}  // namespace troupe::harness
