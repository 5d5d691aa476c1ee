// SPDX-License-Identifier: Apache-2.0
// Scheduler: where a task comes to run.
#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/internal/blocking_threads.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::fiber {

void Scheduler::schedule(Task& task) noexcept {
  if (task.home_ != nullptr) [[unlikely]] {
    task.home_->resume(task);
    return;
  }
  Worker* const worker = Worker::current();
  if (worker != nullptr && &worker->scheduler_ == this) [[likely]] {
    worker->schedule(task);
    return;
  }
  inject(task);
}

void Scheduler::schedule_last(Task& task) noexcept {
  Worker::current()->schedule_last(task);
}

void Scheduler::inject(Task& task) noexcept {
  {
    const std::lock_guard lock{injected_lock_};
    task.next_ = nullptr;
    (injected_first_ != nullptr ? injected_last_->next_ : injected_first_) = &task;
    injected_last_ = &task;
  }
  // Sequentially consistent: pairs with fall_asleep, after which a worker looks here.
  injected_.fetch_add(1);
  if (!options_.own_threads) {
    workers_.front()->notify();
    return;
  }
  if (sleepers_.load() > 0 && searching_.load() == 0) {
    wake_one();
  }
}

// A share of what is there, as the oldest of the worker's.
void Scheduler::take_injected(Worker& worker) noexcept {
  if (injected_.load() <= 0) {
    return;
  }
  constexpr std::ptrdiff_t kMost = 64;
  auto share = std::min(kMost, injected_.load() / static_cast<std::ptrdiff_t>(workers_.size()) + 1);
  std::ptrdiff_t left = 0;
  {
    const std::lock_guard lock{injected_lock_};
    for (; share > 0 && injected_first_ != nullptr; --share) {
      Task& task = *injected_first_;
      injected_first_ = task.next_;
      worker.take_over(task);
      injected_.fetch_sub(1);
    }
    left = injected_.load();
  }
  look_for_sleepers(left);
}

bool Scheduler::has_work_for(const Worker& worker) const noexcept {
  if (injected_.load() > 0) {
    return true;
  }
  return std::ranges::any_of(workers_, [&](const auto& other) {
    return other.get() != &worker && (other->raided() ? other->stealable() : other->queued()) > 0;
  });
}

void Scheduler::dedicate(Task& task) {
  TROUPE_CHECK(task.home_ == nullptr);
  if (!options_.own_threads) {
    return;  // there is one thread for all
  }
  const std::lock_guard lock{dedicated_lock_};
  for (auto& worker : dedicated_) {
    if (!worker->taken()) {
      worker->set_taken(true);
      task.home_ = worker.get();
      return;
    }
  }
  dedicated_.push_back(std::make_unique<Worker>(*this, workers_.size() + dedicated_.size(), true));
  Worker& worker = *dedicated_.back();
  worker.set_taken(true);
  task.home_ = &worker;
  start(worker);
}

Worker* Scheduler::dedicated_worker(std::size_t index) const noexcept {
  const std::lock_guard lock{dedicated_lock_};
  return index < dedicated_.size() ? dedicated_[index].get() : nullptr;
}

void Scheduler::release(Task& task) noexcept {
  if (Worker* const home = std::exchange(task.home_, nullptr); home != nullptr) {
    home->set_taken(false);
  }
}

void Scheduler::run_blocking(const std::function<void()>& work) {
  if (current_task() == nullptr || !options_.own_threads) {
    work();
    return;
  }
  Waiter done;
  Scheduler& waiting = Worker::current()->scheduler();  // perhaps another runtime's
  blocking_->execute([&] {
    const RuntimeCore::Scope scope{runtime_};
    work();
    // Who waited may go on, and with it the runtime may end, while this still wakes its worker.
    Scheduler& its = waiting;  // what is captured is gone once the waiter goes on
    its.firing_.fetch_add(1);
    (void)done.fire();
    its.firing_.fetch_sub(1);
  });
  // What runs cannot be interrupted, and works on the caller's stack: a stop does not end this.
  Worker::current()->wait_through(done);
}

Worker& Scheduler::worker_for_timers() noexcept {
  Worker* const worker = Worker::current();
  return worker != nullptr && &worker->scheduler_ == this ? *worker : *workers_.front();
}

}  // namespace troupe::fiber
