// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waiter: one wait for something that happens in this process. Whoever makes it happen calls
// fire(), once, from any thread; who waits suspends its fiber, or blocks its thread when it is not
// on one. Where it lies must outlive both calls: see each user for who frees it.

#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/runtime/fiber/timer_queue.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace troupe {
class RuntimeCore;
}

namespace troupe::fiber {

class Task;
class Worker;

// What is to be done when a waiter is fired, instead of somebody who waits.
class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // On the thread that fires, before the waiter counts as fired; what it returns is called after.
  virtual std::function<void()> announce() noexcept = 0;

 protected:
  ~Watcher() = default;
};

class Waiter final : private TimerEntry {
 public:
  enum class Outcome : std::uint8_t {
    fired,
    timed_out,
    cancelled,  // the runtime stops
    no_stack,   // there is no memory for another stack to go on with meanwhile
  };
  // What fire() found: `abandoned` is the last word of who waited, who will not look again.
  enum class Found : std::uint8_t { nobody_yet, waiting, abandoned };

  Waiter() noexcept : TimerEntry(&on_deadline) {}

  // Ends the wait, or the next one, at once. The waiter may be gone when this returns, unless it
  // returns `abandoned`.
  Found fire() noexcept;
  bool fired() const noexcept { return state_.load() == kFired; }

  // Waits for fire(). After any other outcome the waiter can be waited for again, and fired. One at
  // a time.
  Outcome wait(RuntimeCore& runtime, Deadline until);

  // Has `watcher` told, until watch(null); nobody waits meanwhile. False: it is fired.
  bool watch(Watcher* watcher) noexcept;
  // Says that nobody will wait any more. False: it was fired before.
  bool abandon() noexcept;
  bool abandoned() const noexcept { return state_.load(std::memory_order_relaxed) == kAbandoned; }

 private:
  friend class Worker;

  static constexpr std::uint32_t kIdle = 0;
  static constexpr std::uint32_t kFiberWaits = 1;
  static constexpr std::uint32_t kThreadWaits = 2;
  static constexpr std::uint32_t kFired = 3;
  static constexpr std::uint32_t kAbandoned = 4;
  static constexpr std::uint32_t kWatched = 5;
  static constexpr std::uint32_t kFiring = 6;  // the watcher is being told

  static void on_deadline(TimerEntry& entry);
  // Ends the wait of a fiber with `outcome`, unless it was fired; on its worker.
  void give_up(Outcome outcome) noexcept;
  bool spin(RuntimeCore& runtime) noexcept;
  Outcome wait_on_thread(RuntimeCore& runtime, Deadline until);
  Outcome drive(RuntimeCore& runtime, Deadline until);

  std::atomic<std::uint32_t> state_{kIdle};
  // Written before kFiberWaits is, read after.
  Outcome outcome_ = Outcome::fired;
  Watcher* watcher_ = nullptr;
  Worker* worker_ = nullptr;
  Task* task_ = nullptr;
  // Of the worker's waits.
  Instant until_{};
  bool considered_ = false;  // the worker has looked whether until_ is for its queue of timers
  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
};

// What a call says that waited in vain: timed_out, cancelled, overloaded.
Error error_of(Waiter::Outcome outcome, std::string_view doing);

}  // namespace troupe::fiber
