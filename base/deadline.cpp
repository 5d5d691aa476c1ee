// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/deadline.hpp"

namespace troupe {

Deadline::Deadline(std::chrono::steady_clock::time_point when)
    : Deadline(after(when == std::chrono::steady_clock::time_point::max()
                         ? Duration::max()
                         : saturated(when - std::chrono::steady_clock::now()))) {}

Deadline Deadline::after(Duration from_now) noexcept {
  if (from_now <= Duration::zero()) {
    return at_once();
  }
  const Instant now = Clock::current().now();
  return from_now >= Instant::max() - now ? never() : Deadline{now + from_now};
}

Duration Deadline::left() const noexcept {
  if (is_never()) {
    return Duration::max();
  }
  if (when_ == Instant::min()) {
    return Duration::zero();
  }
  const Instant now = Clock::current().now();
  return when_ > now ? when_ - now : Duration::zero();
}

bool Deadline::passed() const noexcept {
  return left() == Duration::zero();
}

}  // namespace troupe
