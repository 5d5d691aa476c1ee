// SPDX-License-Identifier: Apache-2.0
#pragma once

// Clock: the port through which everything here learns the time, so that a test can hold it.
//
// Time counts from boot and goes on while the machine is suspended (CLOCK_BOOTTIME); the wall clock
// is never read. Which clock is current is a property of the thread: the system's, unless a
// Clock::Scope says otherwise (a Runtime with a clock of its own makes one on its threads).

#include <chrono>

namespace troupe {

using Duration = std::chrono::nanoseconds;

// The time scale of Clock; a tag for the type system, see Clock::now for the time.
struct BootTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootTime, Duration>;
  static constexpr bool is_steady = true;  // NOLINT(readability-identifier-naming): std's name
};
using Instant = BootTime::time_point;

// Thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual Instant now() const noexcept = 0;

  // The kernel's clock.
  static const Clock& system() noexcept;
  // The clock of the calling thread.
  static const Clock& current() noexcept;

  // Makes `clock` the calling thread's for the life of the scope; scopes nest.
  class Scope;
};

class Clock::Scope final {
 public:
  explicit Scope(const Clock& clock) noexcept;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

 private:
  const Clock* outer_;
};

}  // namespace troupe
