// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scheduler: the workers of a runtime and what they run. Started at its first use: a runtime
// without actors has no threads of it. See docs/architecture.md#fibers.
//
// A worker that has nothing to do steals, then sleeps; one is woken only if more than one task is
// to be run and nobody is looking for work. While something runs, an overseer looks every 10 ms
// whether a task keeps its worker from others; when nothing does, nothing wakes.
//
// Thread-safe, but for construction, stop and destruction.

#include "troupe/base/deadline.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/fiber/scheduler_options.hpp"
#include "troupe/runtime/fiber/task.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe {
class RuntimeCore;
}

namespace troupe::fiber {

class BlockingThreads;
class Overseer;
class StackPool;
class Worker;

// What the scheduler asks of who made the tasks. Called from any thread, also from signal handlers
// where it says so.
class TaskReports {
 public:
  TaskReports() = default;
  TaskReports(const TaskReports&) = delete;
  TaskReports& operator=(const TaskReports&) = delete;
  virtual ~TaskReports() = default;

  // The task has run for so long without a pause. Called about every 10 ms while it does, until it
  // returns true: that was told.
  virtual bool running_long(const Task& task, Duration since, std::size_t behind) = 0;
  // Until when the task may wait, whatever it waits for.
  virtual Instant deadline(const Task& task) const noexcept {
    static_cast<void>(task);
    return Instant::max();
  }
  // Writes what the task is and does into `text`; async-signal-safe.
  virtual std::size_t describe(const Task& task, char* text, std::size_t size) noexcept = 0;
};

class Scheduler final {
 public:
  // `runtime` outlives every task that ends.
  Scheduler(RuntimeCore& runtime, SchedulerOptions options);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();

  RuntimeCore& runtime() noexcept { return runtime_; }
  const SchedulerOptions& options() const noexcept { return options_; }
  StackPool& stacks() noexcept { return *stacks_; }

  // Has the task run: soon on the calling worker, somewhere from other threads, and where it
  // belongs when it belongs to a worker.
  void schedule(Task& task) noexcept;
  // On a worker: behind all others, since the task has used up its quantum.
  void schedule_last(Task& task) noexcept;
  // A worker of its own for the task, until `release`.
  void dedicate(Task& task);
  void release(Task& task) noexcept;

  // The calling worker, or one.
  Worker& worker_for_timers() noexcept;

  // Runs `work` on a thread that may block, and waits for it there where the caller is no fiber.
  void run_blocking(const std::function<void()>& work);

  // ---- own_threads = false: by one thread at a time ----
  // Whether a wait of the calling thread drives the runtime: it made the runtime, or has polled
  // last. Others wait for that thread.
  bool is_driven_here() const noexcept;
  // Runs what there is to be run, but `most` tasks at most, and never waits. Returns how many.
  std::size_t poll_once(std::size_t most = ~std::size_t{0});
  // Sleeps until there is something to be run, or the deadline passes.
  void sleep(Deadline until);
  // Readable when that sleep would end, but for timers: after a poll_once() that found nothing.
  int wake_fd() const noexcept;
  // Ends that sleep, or the next one. From any thread.
  void wake_driver() noexcept;
  // When the next timer is due; Instant::max(): none is set.
  Instant next_timer() const noexcept;
  // Readable when poll_once() may have something to do; timers included.
  int fd();

  // ---- ending ----
  // Waits until nothing is to be run. False: the deadline passed first.
  bool wait_until_quiet(Deadline until);
  // Ends every wait of a fiber with `cancelled`, now and from now on.
  void cancel_waits() noexcept;
  // The same for what one task waits for now; own_threads = false. False: it stands on no stack.
  bool cancel_waits_of(const Task& task) noexcept;
  // Ends the workers that come to an end by the deadline; returns what the others run. Those keep
  // their threads and everything they stand on.
  std::vector<const Task*> stop(Deadline until);

  void set_reports(TaskReports* reports) noexcept { reports_.store(reports); }
  TaskReports* reports() const noexcept { return reports_.load(); }

  std::size_t worker_count() const noexcept { return workers_.size(); }
  int awake() const noexcept { return awake_.load(); }
  // Calls visit(worker, number) for each, those of dedicated tasks too; without a lock, since it
  // may come to the program's log.
  template <class Visit>
  void for_each_worker(const Visit& visit) {
    std::size_t number = 0;
    for (auto& worker : workers_) {
      visit(*worker, number++);
    }
    for (std::size_t i = 0; Worker* const worker = dedicated_worker(i); ++i) {
      visit(*worker, number++);
    }
  }

  // The scheduler whose worker this thread is; null when it is none.
  static Scheduler* current() noexcept;
  // The task that the calling thread runs; null when it runs none.
  static Task* current_task() noexcept;
  // The time of the calling worker (see Worker::now), or of the clock.
  Instant coarse_now() const noexcept;
  // The same, but not much older than 10 ms, however long the calling task has run.
  Instant recent_now() const noexcept;

 private:
  friend class Overseer;
  friend class Worker;

  struct Threads;

  void start(Worker& worker);
  // They stay as long as the scheduler. Null: there are no more.
  Worker* dedicated_worker(std::size_t index) const noexcept;
  void wake_one() noexcept;
  void look_for_sleepers(std::ptrdiff_t tasks) noexcept {
    if (tasks > 0 && sleepers_.load() > 0 && searching_.load() == 0) {
      wake_one();
    }
  }
  void inject(Task& task) noexcept;
  void take_injected(Worker& worker) noexcept;
  bool has_work_for(const Worker& worker) const noexcept;
  void fall_asleep(Worker& worker) noexcept;
  void woke_up(Worker& worker) noexcept;
  bool quiet();

  RuntimeCore& runtime_;
  const SchedulerOptions options_;
  const std::unique_ptr<StackPool> stacks_;
  const std::unique_ptr<BlockingThreads> blocking_;
  std::atomic<TaskReports*> reports_{nullptr};

  // What threads that are no workers have scheduled. Guarded by injected_lock_, but for the count.
  SpinLock injected_lock_;
  Task* injected_first_ = nullptr;
  Task* injected_last_ = nullptr;
  std::atomic<std::ptrdiff_t> injected_{0};

  // Written by who falls asleep or wakes; read by who has made work.
  std::atomic<int> sleepers_{0};  // that could steal
  std::atomic<int> searching_{0};
  std::atomic<int> awake_{0};  // all
  std::atomic<bool> cancelled_{false};
  std::atomic<int> firing_{0};           // threads of blocking calls that wake who waited for them
  std::atomic<Instant::rep> ticked_{0};  // when the overseer last looked
  SpinLock asleep_lock_;
  std::vector<Worker*> asleep_;  // guarded by asleep_lock_

  std::vector<std::unique_ptr<Worker>> workers_;  // immutable after construction
  mutable std::mutex dedicated_lock_;
  std::vector<std::unique_ptr<Worker>> dedicated_;  // guarded by dedicated_lock_
  const std::unique_ptr<Threads> threads_;
  std::atomic<std::thread::id> driver_;
  std::unique_ptr<Overseer> overseer_;
};

}  // namespace troupe::fiber
