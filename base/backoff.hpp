// SPDX-License-Identifier: Apache-2.0
#pragma once

// Backoff: the pauses of one who tries something again and again, as many others may at the same
// time. Each is anything up to twice the mean, by chance, so that they do not come together; the
// mean doubles each time, so that they do not come often.

#include "troupe/base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe {

class Backoff final {
 public:
  // The first mean, and the last; both more than nothing.
  constexpr Backoff(Duration first, Duration last) noexcept : mean_(first), last_(last) {}

  // `chance`: any number, each as likely as the others.
  constexpr Duration next(std::uint64_t chance) noexcept {
    const auto most = static_cast<std::uint64_t>(2 * mean_.count());
    mean_ = std::min(2 * mean_, last_);
    return Duration{static_cast<Duration::rep>(chance % most)};
  }

 private:
  Duration mean_;
  Duration last_;
};

}  // namespace troupe
