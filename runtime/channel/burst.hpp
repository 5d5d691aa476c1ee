// SPDX-License-Identifier: Apache-2.0
#pragma once

// Burst: decides, for one sender, whether a message is written at once or gathered with those that
// follow. Several writes in a row within a few microseconds of each other are a burst, where in a
// row means without a wait between them: who waits for an answer each time has nothing to gather. A
// flush that finds at most one message ends it.

#include "troupe/base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace troupe {

class Burst final {
 public:
  static constexpr std::size_t kFlushAt = 32U << 10U;  // bytes: so many are worth a system call
  static constexpr Duration kGap = std::chrono::microseconds{5};
  static constexpr int kRun = 4;  // writes in a row

  bool active() const noexcept { return active_; }

  // A message was gathered.
  void gathered() noexcept { ++messages_; }

  // A message will be written at once by a thread that has waited `waits` times: whether it has
  // since the last one, so that this one begins a run, and when it begins does not matter.
  bool begins_run(std::uint64_t waits) noexcept { return std::exchange(waits_, waits) != waits; }
  void began_run(Instant end) noexcept {
    run_ = 0;
    last_write_ = end;
  }

  // Any other message was written at once, from `begin` to `end`.
  void written(Instant begin, Instant end) noexcept {
    run_ = begin - last_write_ <= kGap ? run_ + 1 : 0;
    last_write_ = end;
    active_ = run_ >= kRun;
    messages_ = 0;
  }

  // What was gathered has been flushed, by the sender or for it.
  void flushed() noexcept {
    if (messages_ <= 1) {
      active_ = false;
      run_ = 0;
    }
    messages_ = 0;
  }

 private:
  bool active_ = false;
  int run_ = 0;
  std::size_t messages_ = 0;  // gathered since the last flush
  Instant last_write_{};
  std::uint64_t waits_ = 0;
};

}  // namespace troupe
