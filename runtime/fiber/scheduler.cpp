// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/scheduler.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/masked_thread.hpp"
#include "troupe/runtime/fiber/internal/blocking_threads.hpp"
#include "troupe/runtime/fiber/internal/overflow.hpp"
#include "troupe/runtime/fiber/internal/overseer.hpp"
#include "troupe/runtime/fiber/internal/stack.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <thread>
#include <utility>

namespace troupe::fiber {
namespace {

std::size_t usable_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  return ::sched_getaffinity(0, sizeof cpus, &cpus) == 0
             ? static_cast<std::size_t>(std::max(CPU_COUNT(&cpus), 1))
             : 1;
}

std::size_t count_of(const SchedulerOptions& options) {
  return !options.own_threads ? 1 : options.workers != 0 ? options.workers : usable_cpus();
}

// What an overflowing stack was used for.
std::size_t describe(const Stack& stack, char* into, std::size_t size) noexcept {
  static_cast<void>(stack);
  const Worker* const worker = Worker::current();
  const Task* const task = worker != nullptr ? worker->running() : nullptr;
  TaskReports* const reports =
      worker != nullptr ? const_cast<Worker*>(worker)->scheduler().reports() : nullptr;
  return task != nullptr && reports != nullptr ? reports->describe(*task, into, size) : 0;
}

}  // namespace

// The threads of workers. A worker that does not end keeps its own.
struct Scheduler::Threads {
  struct Thread {
    Worker* worker;
    std::thread thread;
    bool done = false;
  };

  std::mutex mutex;
  std::condition_variable changed;  // a worker fell asleep, or a thread is done
  std::vector<std::unique_ptr<Thread>> all;
};

Scheduler::Scheduler(RuntimeCore& runtime, SchedulerOptions options)
    : runtime_(runtime),
      options_(std::move(options)),
      stacks_(std::make_unique<StackPool>(options_.stack_bytes)),
      blocking_(std::make_unique<BlockingThreads>()),
      threads_(std::make_unique<Threads>()),
      driver_(runtime.maker()) {
  TROUPE_CHECK(!options_.own_threads || !options_.choose);
  for (std::size_t i = 0; i < count_of(options_); ++i) {
    workers_.push_back(std::make_unique<Worker>(*this, i, false));
  }
  if (!options_.own_threads) {
    return;
  }
  overseer_ = std::make_unique<Overseer>(*this);
  for (auto& worker : workers_) {
    start(*worker);
  }
}

Scheduler::~Scheduler() {
  while (firing_.load() > 0) {
    std::this_thread::yield();
  }
  overseer_.reset();
  for (auto& thread : threads_->all) {
    TROUPE_CHECK(!thread->thread.joinable() && "stop() comes first");
  }
}

void Scheduler::start(Worker& worker) {
  auto thread = std::make_unique<Threads::Thread>();
  thread->worker = &worker;
  Threads::Thread& its = *thread;
  const std::lock_guard lock{threads_->mutex};
  awake_.fetch_add(1);
  its.thread = os::masked_thread("troupe-worker", [this, &worker, &its] {
    {
      const RuntimeCore::Scope scope{runtime_};
      const OverflowGuard guard{&describe};
      worker.run(~std::size_t{0});
    }
    awake_.fetch_sub(1);
    const std::lock_guard done{threads_->mutex};
    its.done = true;
    threads_->changed.notify_all();
  });
  threads_->all.push_back(std::move(thread));
}

Scheduler* Scheduler::current() noexcept {
  Worker* const worker = Worker::current();
  return worker != nullptr ? &worker->scheduler() : nullptr;
}

Task* Scheduler::current_task() noexcept {
  const Worker* const worker = Worker::current();
  return worker != nullptr ? worker->task() : nullptr;
}

Instant Scheduler::coarse_now() const noexcept {
  const Worker* const worker = Worker::current();
  return worker != nullptr ? worker->now() : runtime_.clock().now();
}

Instant Scheduler::recent_now() const noexcept {
  const Worker* const worker = Worker::current();
  return worker != nullptr && options_.own_threads
             ? std::max(worker->now(), Instant{Duration{ticked_.load(std::memory_order_relaxed)}})
             : runtime_.clock().now();
}

// ---- sleeping ----------------------------------------------------------------------------------

void Scheduler::wake_one() noexcept {
  Worker* worker = nullptr;
  {
    const std::lock_guard lock{asleep_lock_};
    if (asleep_.empty()) {
      return;
    }
    worker = asleep_.back();
    asleep_.pop_back();
    sleepers_.fetch_sub(1);
  }
  worker->notify();
}

void Scheduler::fall_asleep(Worker& worker) noexcept {
  if (!worker.dedicated_) {
    const std::lock_guard lock{asleep_lock_};
    asleep_.push_back(&worker);
    sleepers_.fetch_add(1);
  }
  if (awake_.fetch_sub(1) == 1) {
    const std::lock_guard lock{threads_->mutex};
    threads_->changed.notify_all();
  }
}

void Scheduler::woke_up(Worker& worker) noexcept {
  awake_.fetch_add(1);
  overseer_->notice_work();
  if (!worker.dedicated_) {
    const std::lock_guard lock{asleep_lock_};
    if (std::erase(asleep_, &worker) > 0) {
      sleepers_.fetch_sub(1);
    }
  }
}

// ---- ending ------------------------------------------------------------------------------------

// Whether nothing is to be run: seen twice with nothing done between.
bool Scheduler::quiet() {
  std::array<std::uint64_t, 2> done{0, 1};
  for (auto& sum : done) {
    sum = 0;
    bool idle = injected_.load() <= 0 && blocking_->busy() == 0;
    for_each_worker([&](Worker& worker, std::size_t /*number*/) {
      idle = idle && worker.asleep() && worker.stealable() == 0 && worker.inbox_.empty();
      sum += worker.activations();
    });
    if (!idle) {
      return false;
    }
  }
  return done[0] == done[1];
}

bool Scheduler::wait_until_quiet(Deadline until) {
  if (!options_.own_threads) {
    while (poll_once(1) > 0) {
      if (until.passed()) {
        return false;
      }
    }
    return true;
  }
  while (!quiet()) {  // without the lock: dedicate() holds its own when it takes this one
    if (until.passed()) {
      return false;
    }
    std::unique_lock lock{threads_->mutex};
    // Woken when the last worker falls asleep; now and then for what that does not tell.
    threads_->changed.wait_for(lock, std::min<Duration>(until.left(), Overseer::kTick));
  }
  return true;
}

void Scheduler::cancel_waits() noexcept {
  cancelled_.store(true);
  // Each by its own thread, when it looks; a driven one by who drives it.
  for_each_worker([](Worker& worker, std::size_t /*number*/) { worker.notify(); });
}

bool Scheduler::cancel_waits_of(const Task& task) noexcept {
  if (task.suspended_ == nullptr) {
    return false;
  }
  workers_.front()->cancel_waits_of(task);
  return true;
}

std::vector<const Task*> Scheduler::stop(Deadline until) {
  for_each_worker([](Worker& worker, std::size_t /*number*/) { worker.end(); });
  std::vector<const Task*> stuck;
  std::unique_lock lock{threads_->mutex};
  for (auto& thread : threads_->all) {
    while (!thread->done && !until.passed()) {
      threads_->changed.wait_for(lock, std::min<Duration>(until.left(), std::chrono::hours{1}));
    }
    if (thread->done) {
      lock.unlock();
      thread->thread.join();
      lock.lock();
    } else {
      stuck.push_back(thread->worker->running());
      thread->thread.detach();
    }
  }
  lock.unlock();
  if (overseer_ != nullptr) {
    overseer_->end();  // what does not end is nobody's to watch: its runtime goes
  }
  if (stuck.empty()) {
    threads_->all.clear();
  }
  return stuck;
}

}  // namespace troupe::fiber
