// SPDX-License-Identifier: Apache-2.0
// Worker, where there is nothing to do: asleep, or, driven, between two calls of run().
#include "troupe/base/error.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <thread>

namespace troupe::fiber {

bool Worker::anything_to_do() const noexcept {
  // The deque too: a search that found nothing may have filled it with what others had injected.
  if (!inbox_.empty() || ready_.first_ != nullptr || next_.load() != nullptr || queued() > 0 ||
      ended_.load() || scheduler_.cancelled_.load() != cancelled_) {
    return true;
  }
  return !dedicated_ && scheduler_.has_work_for(*this);
}

// Looks for some microseconds whether there is something to do, instead of sleeping at once.
bool Worker::spin() noexcept {
  // One that looks is enough, as in steal(). Who makes work wakes nobody meanwhile: so it is not
  // for a worker that has one task.
  if (dedicated_ || !scheduler_.runtime().may_spin() || scheduler_.searching_.load() > 0 ||
      !spin_.worth_it()) {
    return false;
  }
  scheduler_.searching_.fetch_add(1);
  const bool found = spin_.poll([this] {
    for (int i = 0; i < 8; ++i) {
      if (anything_to_do()) {
        return true;
      }
      pause_cpu();
    }
    if (!reactor_.empty()) {
      reactor_.poll();  // who waited for a descriptor is resumed here
    }
    if (ready_.first_ == nullptr) {
      std::this_thread::yield();  // what is waited for may need this CPU
    }
    return ready_.first_ != nullptr;
  });
  scheduler_.searching_.fetch_sub(1);
  return found;
}

// False: run() is to return.
bool Worker::sleep() noexcept {
  if (scheduler_.cancelled_.load() != cancelled_) {
    cancel_waits();
    return true;
  }
  if (!scheduler_.options().own_threads || ended_.load()) {
    return false;
  }
  if (spin()) {
    return true;
  }
  asleep_.store(true);
  scheduler_.fall_asleep(*this);
  if (!anything_to_do()) {
    reactor_.sleep(Deadline{first_timer()});
  }
  asleep_.store(false);
  scheduler_.woke_up(*this);
  now_ = scheduler_.runtime().clock().now();
  return true;
}

// Driven, between two calls of run(): whoever makes work rings.
void Worker::end_poll() noexcept {
  queue_deadlines();
  asleep_.store(true);
  if (anything_to_do()) {
    notify();
  }
  if (timer_fd_) {
    itimerspec when{};
    if (const Instant first = first_timer(); first != Instant::max()) {
      const Duration left = std::max(Deadline{first}.left(), Duration{1});
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
      when.it_value = {seconds.count(), (left - seconds).count()};
    }
    (void)::timerfd_settime(timer_fd_.get(), 0, &when, nullptr);
  }
}

void Worker::sleep_driven(Deadline until) noexcept {
  if (!anything_to_do()) {
    reactor_.sleep(earlier(until, Deadline{first_timer()}));
  }
}

int Worker::driven_fd() {
  if (!timer_fd_) {
    timer_fd_ = UniqueFd{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (!timer_fd_) {
      throw Error::system("Runtime::fd: make a timer", errno);
    }
    reactor_.report(timer_fd_.get());
    end_poll();
  }
  return reactor_.fd();
}

}  // namespace troupe::fiber
