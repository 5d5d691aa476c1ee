// SPDX-License-Identifier: Apache-2.0
#pragma once

// Deadline: until when a call may wait. Made from any chrono duration ("5s", counted from now) or
// steady time point, never from a bare number. A value; reads the calling thread's Clock. A
// duration of zero or less is a deadline that has passed: the call tries once and does not wait.

#include "troupe/base/clock.hpp"

#include <chrono>
#include <ratio>

namespace troupe {

class Deadline final {
 public:
  // NOLINTBEGIN(google-explicit-constructor): receive(1s) is how a wait is written.
  template <class Rep, class Period>
  Deadline(std::chrono::duration<Rep, Period> from_now) : Deadline(after(saturated(from_now))) {}
  Deadline(std::chrono::steady_clock::time_point when);
  // NOLINTEND(google-explicit-constructor)
  explicit constexpr Deadline(Instant when) noexcept : when_(when) {}
  Deadline(int) = delete;  // 5 what?
  Deadline(bool) = delete;

  static constexpr Deadline never() noexcept { return Deadline{Instant::max()}; }
  static constexpr Deadline at_once() noexcept { return Deadline{Instant::min()}; }

  Duration left() const noexcept;  // zero once passed; Duration::max() when it never passes
  bool passed() const noexcept;
  constexpr bool is_never() const noexcept { return when_ == Instant::max(); }
  constexpr Instant when() const noexcept { return when_; }

  // The earlier of two.
  friend constexpr Deadline earlier(Deadline a, Deadline b) noexcept {
    return a.when_ < b.when_ ? a : b;
  }

 private:
  static Deadline after(Duration from_now) noexcept;

  template <class Rep, class Period>
  static constexpr Duration saturated(std::chrono::duration<Rep, Period> time) {
    using Seconds = std::chrono::duration<double>;
    if (Seconds{time} >= Seconds{Duration::max()}) {
      return Duration::max();
    }
    if (Seconds{time} <= Seconds{Duration::zero()}) {
      return Duration::zero();
    }
    return std::chrono::duration_cast<Duration>(time);
  }

  Instant when_;
};

// The deadline that never passes.
inline constexpr struct Forever {
  // NOLINTNEXTLINE(google-explicit-constructor): stands wherever a Deadline does
  constexpr operator Deadline() const noexcept { return Deadline::never(); }
} forever;

}  // namespace troupe
