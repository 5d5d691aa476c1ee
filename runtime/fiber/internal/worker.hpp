// SPDX-License-Identifier: Apache-2.0
#pragma once

// Worker: a thread that runs tasks. Its loop runs on the stack that the tasks use: a task that
// returns costs no switch; one that waits keeps the stack, and the loop goes on on another. See
// docs/architecture.md#fibers.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/fiber/internal/reactor.hpp"
#include "troupe/runtime/fiber/internal/switch.hpp"
#include "troupe/runtime/fiber/internal/task_queues.hpp"
#include "troupe/runtime/fiber/learned_spin.hpp"
#include "troupe/runtime/fiber/timer_queue.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::fiber {

class Scheduler;

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what others write has lines of its own
class alignas(64) Worker final {
 public:
  Worker(Scheduler& scheduler, std::size_t number, bool dedicated);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // The calling thread's; null when it is not a worker's. (A suspended task goes on on the same
  // thread, so a compiler may keep where this is.)
  static Worker* current() noexcept { return current_; }

  // Whether the task may run here: it belongs to nobody.
  bool may_run(const Task& task) const noexcept { return task.home_ == nullptr; }

  // ---- its own thread ----
  // The task whose code is running; null in the loop itself.
  Task* task() const noexcept { return running_.load(std::memory_order_relaxed); }
  // The time, read now and then: at the latest, before the loop's last 64 tasks.
  Instant now() const noexcept { return now_; }
  void schedule(Task& task) noexcept;
  // Schedules behind all that is there: the task has used up its quantum.
  void schedule_last(Task& task) noexcept;
  // Suspends the running task; returns once it is resumed. The caller has seen to it that it will.
  void suspend() noexcept;
  // Suspends until the waiter is fired, the deadline passes, or waits are cancelled.
  Waiter::Outcome wait(Waiter& waiter, Deadline until) noexcept;
  // Suspends until it is fired, whatever else happens.
  void wait_through(Waiter& waiter) noexcept;
  // Puts a task behind all others that are to be run here.
  void take_over(Task& task) noexcept { last_.push_newest(task); }
  TimerQueue& timers() noexcept { return timers_; }
  Reactor& reactor() noexcept { return reactor_; }
  Scheduler& scheduler() noexcept { return scheduler_; }

  // Runs the loop on the calling thread until end() (own threads), or until nothing is to be run
  // or `most` tasks have been (driven). Returns how many.
  std::size_t run(std::size_t most);

  // ---- any thread ----
  // Timers that others may take back. An entry that is due is called without a lock; `remove` says
  // whether it came before that.
  void add_timer(TimerEntry& entry, Instant when);
  bool remove_timer(TimerEntry& entry) noexcept;
  // Makes a task run that is suspended here, or belongs here.
  void resume(Task& task) noexcept;
  // Ends its sleep, or the next one.
  void notify() noexcept;
  bool asleep() const noexcept { return asleep_.load(); }
  std::uint64_t activations() const noexcept {
    return activations_.load(std::memory_order_relaxed);
  }
  // Tasks that wait here, each on its stack.
  std::size_t suspended() const noexcept { return suspended_.load(std::memory_order_relaxed); }
  const Task* running() const noexcept { return running_.load(std::memory_order_relaxed); }
  // Something that others could run.
  std::size_t stealable() const noexcept { return queued() + (next_.load() != nullptr ? 1 : 0); }
  std::size_t queued() const noexcept {
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(deque_.size() + last_.size(), 0));
  }
  // Has it look at the clock and at what others want soon, however long its tasks run.
  void make_look() noexcept { look_.store(true, std::memory_order_relaxed); }
  // Others may take what is next here, too: the running task takes long.
  void set_raided(bool raided) noexcept { raided_.store(raided); }
  bool raided() const noexcept { return raided_.load(); }
  bool taken() const noexcept { return taken_.load(); }
  void set_taken(bool taken) noexcept { taken_.store(taken); }
  void end() noexcept {
    ended_.store(true);
    notify();
  }

 private:
  friend class Scheduler;
  friend class Waiter;

  static void loop(void* nothing);
  void execute(Task& task) noexcept;
  Task* pick() noexcept;
  Task* pick_by_choice() noexcept;
  Task* take_longest_waiting() noexcept;
  Task* find_work() noexcept;
  Task* steal() noexcept;
  Task* steal_from(Worker& victim) noexcept;
  void look_around() noexcept;
  void take_inbox() noexcept;
  void make_ready(Task& task) noexcept;
  void fire_timers() noexcept;
  void cancel_waits() noexcept;
  void cancel_waits_of(const Task& task) noexcept;
  bool spin() noexcept;
  bool sleep() noexcept;
  bool anything_to_do() const noexcept;
  Instant first_timer() const noexcept;
  TimerEntry* take_shared_due() noexcept;
  void go_to_loop(Stack& from) noexcept;
  bool provide_stack() noexcept;
  void keep_spare(Stack& stack) noexcept;
  void leave() noexcept;
  void end_poll() noexcept;
  void sleep_driven(Deadline until) noexcept;
  int driven_fd();
  void queue_deadlines() noexcept;

  // Read for each message. The model of its storage: not by a call.
  // NOLINTNEXTLINE(readability-identifier-naming): a thread's member
  [[gnu::tls_model("initial-exec")]] static inline thread_local Worker* current_ = nullptr;

  // Immutable.
  Scheduler& scheduler_;
  const std::size_t number_;
  const bool dedicated_;

  // Others write.
  alignas(64) TaskInbox inbox_;
  std::atomic<Task*> next_{nullptr};  // the owner sets it where it is null; anybody takes
  std::atomic<bool> asleep_{false};
  std::atomic<bool> ended_{false};
  std::atomic<bool> raided_{false};
  std::atomic<bool> taken_{false};  // a dedicated one's: it has its task
  std::atomic<bool> look_{false};
  TaskDeque deque_;
  TaskDeque last_;  // behind all others: those that have used up their quantum, and from outside
  SpinLock shared_timers_lock_;
  TimerQueue shared_timers_;  // guarded by shared_timers_lock_
  std::atomic<Instant::rep> shared_first_{Instant::max().time_since_epoch().count()};

  // Its thread's.
  alignas(64) std::atomic<Task*> running_{nullptr};  // others read, as the next three
  std::atomic<std::uint64_t> activations_{0};
  std::atomic<std::size_t> suspended_{0};
  Instant now_{};
  Instant polled_{};
  unsigned turn_ = 0;
  bool from_last_ = false;
  std::size_t budget_ = 0;  // driven: tasks that may still be run
  TaskList ready_;          // resumed here
  std::vector<Task*> choices_;
  Stack* spares_ = nullptr;  // loops that wait to go on
  std::size_t spare_count_ = 0;
  Stack* fresh_ = nullptr;       // for a loop to begin on
  Stack* base_ = nullptr;        // of the thread, in run()
  Stack* loop_stack_ = nullptr;  // what this thread runs on, in the loop and in tasks
  Waiter* waits_ = nullptr;
  bool cancelled_ = false;
  std::uint64_t random_;
  TimerQueue timers_;
  LearnedSpin spin_;
  Reactor reactor_;
  UniqueFd timer_fd_;  // driven: readable when the first timer is due
};

}  // namespace troupe::fiber
