// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/overseer.hpp"

#include "troupe/base/os/masked_thread.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

namespace troupe::fiber {

Overseer::Overseer(Scheduler& scheduler)
    : scheduler_(scheduler), thread_(os::masked_thread("troupe-oversee", [this] { run(); })) {}

Overseer::~Overseer() {
  end();
}

void Overseer::end() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Overseer::wake() noexcept {
  const std::lock_guard lock{mutex_};
  asleep_.store(false);
  changed_.notify_all();
}

void Overseer::run() {
  int quiet = 0;
  std::unique_lock lock{mutex_};
  while (!ended_) {
    if (quiet >= kQuietTicks) {
      // Sequentially consistent: pairs with notice_work. A worker that wakes after this sees it.
      asleep_.store(true);
      if (scheduler_.awake() == 0) {
        changed_.wait(lock, [this] { return ended_ || !asleep_.load(); });
      }
      asleep_.store(false);
      quiet = 0;
    }
    changed_.wait_for(lock, kTick, [this] { return ended_; });
    lock.unlock();
    quiet = look() ? 0 : quiet + 1;
    lock.lock();
  }
}

// False: nobody works.
bool Overseer::look() {
  const Instant now = Clock::system().now();
  scheduler_.ticked_.store(scheduler_.runtime().clock().now().time_since_epoch().count(),
                           std::memory_order_relaxed);
  bool busy = false;
  scheduler_.for_each_worker([&](Worker& worker, std::size_t number) {
    if (number >= seen_.size()) {
      seen_.resize(number + 1);
    }
    if (!worker.asleep()) {
      busy = true;
      worker.make_look();
      look_at(worker, seen_[number], now);
    }
  });
  return busy;
}

void Overseer::look_at(Worker& worker, Seen& seen, Instant now) {
  const std::uint64_t activations = worker.activations();
  const Task* const task = worker.running();
  if (activations != seen.activations || task == nullptr) {
    seen = {activations, now, false};
    if (worker.raided()) {
      worker.set_raided(false);
    }
    return;
  }
  const std::size_t behind = worker.stealable();
  if (behind > 0) {
    worker.set_raided(true);
    scheduler_.wake_one();
  }
  if (TaskReports* const reports = scheduler_.reports(); reports != nullptr && !seen.told) {
    seen.told = reports->running_long(*task, now - seen.since, behind);
  }
}

}  // namespace troupe::fiber
