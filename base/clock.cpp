// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/clock.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX, not <ctime>

namespace troupe {
namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return Instant{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
  }
};

// Part of the current runtime, which design allows to be ambient; null means the system's.
thread_local const Clock* current_clock = nullptr;

}  // namespace

const Clock& Clock::system() noexcept {
  static const SystemClock clock;
  return clock;
}

const Clock& Clock::current() noexcept {
  return current_clock != nullptr ? *current_clock : system();
}

Clock::Scope::Scope(const Clock& clock) noexcept : outer_(current_clock) {
  current_clock = &clock;
}

Clock::Scope::~Scope() {
  current_clock = outer_;
}

}  // namespace troupe
