// SPDX-License-Identifier: Apache-2.0
// Worker, where it has nothing of its own to run: what others have, and what time has brought.
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::fiber {
namespace {

// Asking the kernel costs as much as some messages do.
constexpr Duration kPollEvery = std::chrono::microseconds{50};
constexpr std::ptrdiff_t kStealAtMost = 64;
// Looks at the others before a worker goes to sleep: about 5 µs.
constexpr int kSearches = 50;

}  // namespace

// The clock, timers, descriptors, and what other threads have scheduled.
void Worker::look_around() noexcept {
  if (scheduler_.cancelled_.load(std::memory_order_relaxed) != cancelled_) {
    cancel_waits();  // before what ends of it: who waits learns that by itself
  }
  now_ = scheduler_.runtime().clock().now();
  fire_timers();
  if (!reactor_.empty() && now_ - polled_ >= kPollEvery) {
    polled_ = now_;
    reactor_.poll();
  }
  if (!dedicated_) {
    scheduler_.take_injected(*this);
  }
}

Task* Worker::find_work() noexcept {
  look_around();
  take_inbox();
  if (Task* const task = ready_.first_; task != nullptr) {
    ready_.first_ = task->next_;
    return task;
  }
  if (dedicated_) {
    return nullptr;
  }
  if (Task* const task = next_.exchange(nullptr); task != nullptr) {
    return task;
  }
  if (Task* const task = deque_.take_newest(); task != nullptr) {
    return task;
  }
  if (Task* const task = last_.take_oldest(); task != nullptr) {
    return task;
  }
  return scheduler_.workers_.size() > 1 ? steal() : nullptr;
}

Task* Worker::steal() noexcept {
  // One that looks is enough: who makes work meanwhile leaves it to that one.
  if (scheduler_.searching_.load() > 0) {
    return nullptr;
  }
  scheduler_.searching_.fetch_add(1);
  Task* found = nullptr;
  const std::size_t count = scheduler_.workers_.size();
  for (int search = 0; search < kSearches && found == nullptr; ++search) {
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    const std::size_t first = static_cast<std::size_t>(random_ >> 33U) % count;
    for (std::size_t i = 0; i < count && found == nullptr; ++i) {
      Worker& victim = *scheduler_.workers_[(first + i) % count];
      if (&victim != this) {
        found = steal_from(victim);
      }
    }
    if (found == nullptr) {
      if (!inbox_.looks_empty() || scheduler_.injected_.load() > 0) {
        break;
      }
      for (int i = 0; i < 4; ++i) {
        pause_cpu();
      }
    }
  }
  scheduler_.searching_.fetch_sub(1);
  if (found != nullptr) {
    scheduler_.look_for_sleepers(deque_.size());  // there may be more than one can do
  } else if (!inbox_.looks_empty() || scheduler_.injected_.load() > 0) {
    look_around();
  }
  return found;
}

Task* Worker::steal_from(Worker& victim) noexcept {
  Task* found = victim.deque_.steal_half(deque_, kStealAtMost);
  if (found == nullptr) {
    found = victim.last_.steal_half(deque_, kStealAtMost);
  }
  if (found == nullptr && victim.raided_.load(std::memory_order_relaxed)) {
    found = victim.next_.exchange(nullptr);
  }
  return found;
}

}  // namespace troupe::fiber
