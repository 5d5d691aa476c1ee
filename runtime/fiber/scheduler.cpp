// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/scheduler.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/internal/blocking_threads.hpp"
#include "troupe/runtime/fiber/internal/masked_thread.hpp"
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
  its.thread = masked_thread("troupe-worker", [this, &worker, &its] {
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

// ---- making tasks run --------------------------------------------------------------------------

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

bool Scheduler::is_driven_here() const noexcept {
  return !options_.own_threads && driver_.load() == std::this_thread::get_id();
}

std::size_t Scheduler::poll_once(std::size_t most) {
  TROUPE_CHECK(!options_.own_threads && "poll_once() is for own_threads = false");
  const RuntimeCore::Scope scope{runtime_};
  driver_.store(std::this_thread::get_id());
  Worker& worker = *workers_.front();
  TROUPE_CHECK(Worker::current() != &worker && "poll_once() from within");
  worker.reactor_.poll();
  return worker.run(most);
}

void Scheduler::sleep(Deadline until) {
  if (options_.idle) {
    (void)options_.idle(until);
    return;
  }
  workers_.front()->sleep_driven(until);
}

int Scheduler::wake_fd() const noexcept {
  return workers_.front()->reactor_.fd();
}

void Scheduler::wake_driver() noexcept {
  workers_.front()->notify();
}

Instant Scheduler::next_timer() const noexcept {
  return workers_.front()->first_timer();
}

Worker& Scheduler::worker_for_timers() noexcept {
  Worker* const worker = Worker::current();
  return worker != nullptr && &worker->scheduler_ == this ? *worker : *workers_.front();
}

int Scheduler::fd() {
  return workers_.front()->driven_fd();
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
