// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/waiter.hpp"

#include "troupe/base/os/thread_sanitizer.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/learned_spin.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>
#include <stop_token>
#include <string>
#include <thread>

namespace troupe::fiber {
namespace {

void futex_wake(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value, Deadline until) noexcept {
#ifdef TROUPE_THREAD_SANITIZER
  // A signal that comes is handled there at the thread's next call of the C library, which the raw
  // system call is not.
  until = earlier(until, Deadline{std::chrono::milliseconds{100}});
  ::usleep(1);
#endif
  timespec timeout{};
  if (!until.is_never()) {
    const Duration left = until.left();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timeout = {seconds.count(), (left - seconds).count()};
  }
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, until.is_never() ? nullptr : &timeout,
            nullptr, 0);
}

// Whoever fires what a driving thread waits for may be another thread, while this one sleeps.
class WakesDriver final : public Watcher {
 public:
  explicit WakesDriver(Scheduler& scheduler) : scheduler_(scheduler) {}
  virtual ~WakesDriver() = default;

  std::function<void()> announce() noexcept override {
    scheduler_.wake_driver();
    return {};
  }

 private:
  Scheduler& scheduler_;
};

}  // namespace

Waiter::Found Waiter::fire() noexcept {
  std::uint32_t before = state_.load(std::memory_order_relaxed);
  while (!state_.compare_exchange_weak(before, before == kWatched ? kFiring : kFired)) {
  }
  switch (before) {
    case kFiberWaits:
      worker_->resume(*task_);  // it is suspended until this: the waiter is still there
      return Found::waiting;
    case kThreadWaits:
      // The thread may have seen the word already, and the waiter may be gone: then this wakes
      // nobody, or somebody who looks at his own word again.
      futex_wake(state_);
      return Found::waiting;
    case kWatched: {
      const std::function<void()> then = watcher_->announce();
      state_.store(kFired);
      if (then) {
        then();
      }
      return Found::waiting;
    }
    case kAbandoned:
      return Found::abandoned;
    default:
      return Found::nobody_yet;
  }
}

bool Waiter::watch(Watcher* watcher) noexcept {
  std::uint32_t from = watcher != nullptr ? kIdle : kWatched;
  if (watcher != nullptr) {
    watcher_ = watcher;
  }
  while (!state_.compare_exchange_weak(from, watcher != nullptr ? kWatched : kIdle)) {
    if (from == kFired) {
      return false;
    }
    pause_cpu();  // the watcher is being told
    from = watcher != nullptr ? kIdle : kWatched;
  }
  return true;
}

bool Waiter::abandon() noexcept {
  for (std::uint32_t state = state_.load();; pause_cpu()) {
    if (state == kFired) {
      return false;
    }
    if (state == kFiring) {
      state = state_.load();
    } else if (state_.compare_exchange_weak(state, kAbandoned)) {
      return true;
    }
  }
}

void Waiter::on_deadline(TimerEntry& entry) {
  static_cast<Waiter&>(entry).give_up(Outcome::timed_out);
}

void Waiter::give_up(Outcome outcome) noexcept {
  std::uint32_t waiting = kFiberWaits;
  if (state_.compare_exchange_strong(waiting, kIdle)) {
    outcome_ = outcome;
    worker_->resume(*task_);
  }
}

Waiter::Outcome Waiter::wait(RuntimeCore& runtime, Deadline until) {
  if (state_.load() == kFired) {
    return Outcome::fired;
  }
  Worker* const worker = Worker::current();
  if (worker != nullptr && worker->task() != nullptr) {
    return worker->wait(*this, until);
  }
  if (runtime.driven_here() != nullptr) {
    return drive(runtime, until);
  }
  return wait_on_thread(runtime, until);
}

// Looks for some microseconds whether it is fired, instead of sleeping at once.
bool Waiter::spin(RuntimeCore& runtime) noexcept {
  static thread_local LearnedSpin learned;
  return runtime.may_spin() && learned.worth_it() && learned.poll([this] {
    for (int i = 0; i < 32; ++i) {
      if (fired()) {
        return true;
      }
      pause_cpu();
    }
    std::this_thread::yield();  // who is to fire it may need this CPU
    return false;
  });
}

Waiter::Outcome Waiter::wait_on_thread(RuntimeCore& runtime, Deadline until) {
  if (!until.passed() && spin(runtime)) {
    return Outcome::fired;
  }
  std::uint32_t state = kIdle;
  if (!state_.compare_exchange_strong(state, kThreadWaits)) {
    return Outcome::fired;
  }
  const std::stop_callback wake_on_stop{runtime.stop_token(), [this] {
                                          std::uint32_t waiting = kThreadWaits;
                                          if (state_.compare_exchange_strong(waiting, kIdle)) {
                                            futex_wake(state_);
                                          }
                                        }};
  for (;;) {
    state = state_.load();
    if (state != kThreadWaits) {
      return state == kFired ? Outcome::fired : Outcome::cancelled;
    }
    if (until.passed() && state_.compare_exchange_strong(state, kIdle)) {
      return Outcome::timed_out;
    }
    futex_wait(state_, kThreadWaits, until);
  }
}

// The thread itself is what everything runs on.
Waiter::Outcome Waiter::drive(RuntimeCore& runtime, Deadline until) {
  Scheduler& scheduler = *runtime.started_scheduler();
  while (!fired()) {
    if (runtime.stopping()) {
      return Outcome::cancelled;
    }
    if (const auto& idle = scheduler.options().idle) {
      if (!idle(until)) {
        return fired() ? Outcome::fired : Outcome::timed_out;
      }
      continue;
    }
    if (scheduler.poll_once(1) > 0 && !until.passed()) {
      continue;
    }
    if (until.passed()) {
      return fired() ? Outcome::fired : Outcome::timed_out;
    }
    WakesDriver wakes{scheduler};
    if (!watch(&wakes)) {
      break;
    }
    scheduler.sleep(until);
    (void)watch(nullptr);
  }
  return Outcome::fired;
}

Error error_of(Waiter::Outcome outcome, std::string_view doing) {
  const std::string what{doing};
  switch (outcome) {
    case Waiter::Outcome::timed_out:
      return {Code::timed_out, what + ": the deadline passed"};
    case Waiter::Outcome::no_stack:
      return {Code::overloaded,
              what +
                  ": there is no memory for another stack; raise vm.max_map_count or the limit "
                  "on address space, or let fewer actors wait at once"};
    default:
      return {Code::cancelled, what + ": the runtime is stopping"};
  }
}

}  // namespace troupe::fiber
