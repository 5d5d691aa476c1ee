// SPDX-License-Identifier: Apache-2.0
#pragma once

// PendingSignals: what came and was not taken yet: for each number how often, and who sent the last
// one. So it is bounded, whatever comes, as what the kernel keeps pending is. Thread-safe; add may
// be called by a handler of signals.

#include "troupe/runtime/process/signal.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace troupe::process {

inline constexpr int kMostSignal = 64;

class PendingSignals final {
 public:
  // True: there was none of that number.
  bool add(const Signal& signal) noexcept {
    auto& place = places_[static_cast<std::size_t>(signal.number)];
    std::uint64_t before = place.load();
    while (!place.compare_exchange_weak(before, packed(signal, before & kTimes))) {
    }
    return before == 0;
  }
  std::optional<Signal> take(int number) noexcept {
    const std::uint64_t taken = places_[static_cast<std::size_t>(number)].exchange(0);
    if (taken == 0) return std::nullopt;
    return Signal{number, static_cast<pid_t>(taken >> 32U), static_cast<std::uint32_t>(taken)};
  }
  // The lowest number first, as the kernel does.
  std::optional<Signal> take() noexcept {
    for (int number = 1; number <= kMostSignal; ++number) {
      if (places_[static_cast<std::size_t>(number)].load(std::memory_order_relaxed) == 0) continue;
      if (auto signal = take(number)) return signal;
    }
    return std::nullopt;
  }
  bool empty() const noexcept {
    for (const auto& place : places_) {
      if (place.load() != 0) return false;
    }
    return true;
  }

 private:
  static constexpr std::uint64_t kTimes = 0xFFFF'FFFF;

  static std::uint64_t packed(const Signal& signal, std::uint64_t before) noexcept {
    const std::uint64_t times = before + signal.times;
    return std::uint64_t{static_cast<std::uint32_t>(signal.from)} << 32U |
           (times < kTimes ? times : kTimes);
  }

  std::array<std::atomic<std::uint64_t>, kMostSignal + 1> places_{};
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
};

}  // namespace troupe::process
