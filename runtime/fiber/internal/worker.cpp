// SPDX-License-Identifier: Apache-2.0
// What runs per task, in one file, so that the compiler makes one loop of it. Searching, sleeping
// and timers: worker_search.cpp, worker_sleep.cpp, worker_timers.cpp.
#include "troupe/runtime/fiber/internal/worker.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/internal/stack.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <utility>

namespace troupe::fiber {
namespace {

// So often a worker looks at the clock, at its timers, at who has waited longest.
constexpr unsigned kLookEvery = 64;
// Loops that wait to go on; what a burst of waiting tasks leaves beyond them goes back to the pool.
constexpr std::size_t kSpares = 16;

}  // namespace

Worker::Worker(Scheduler& scheduler, std::size_t number, bool dedicated)
    : scheduler_(scheduler),
      number_(number),
      dedicated_(dedicated),
      random_(number * 0x9E3779B97F4A7C15U + 1) {}

Worker::~Worker() {
  while (spares_ != nullptr) {
    scheduler_.stacks().give_back(*std::exchange(spares_, spares_->next));
  }
  if (fresh_ != nullptr) {
    scheduler_.stacks().give_back(*fresh_);
  }
}

// ---- the loop ----------------------------------------------------------------------------------

std::size_t Worker::run(std::size_t most) {
  ThreadStack thread;
  Worker* const outer = std::exchange(current_, this);
  base_ = &thread.stack();
  TROUPE_CHECK(provide_stack() && "a worker needs one stack");
  budget_ = most;
  now_ = scheduler_.runtime().clock().now();
  asleep_.store(false);
  go_to_loop(thread.stack());
  base_ = nullptr;
  current_ = outer;
  if (!scheduler_.options().own_threads) {
    end_poll();
  }
  return most - budget_;
}

void Worker::loop(void* /*nothing*/) {
  Worker& worker = *current_;
  for (;;) {
    if (Task* const task = worker.pick(); task != nullptr) {
      worker.execute(*task);
    } else {
      worker.leave();
    }
  }
}

[[gnu::always_inline]] inline void Worker::execute(Task& task) noexcept {
  running_.store(&task, std::memory_order_relaxed);
  // Relaxed: the overseer only wants to see it change.
  activations_.store(activations_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (Stack* const stack = std::exchange(task.suspended_, nullptr); stack != nullptr) {
    Stack& here = *loop_stack_;
    loop_stack_ = stack;
    keep_spare(here);
    switch_to(here, *stack);
  } else {
    task.run_(task);
  }
  running_.store(nullptr, std::memory_order_relaxed);
}

// From `from`, which is suspended, to a loop that goes on. (Inlined into who suspends, as execute
// is into the loop: each return after a switch is one that the CPU foresees wrongly.)
[[gnu::always_inline]] inline void Worker::go_to_loop(Stack& from) noexcept {
  if (Stack* const spare = spares_; spare != nullptr) [[likely]] {
    spares_ = spare->next;
    --spare_count_;
    loop_stack_ = spare;
    switch_to(from, *spare);
  } else {
    loop_stack_ = std::exchange(fresh_, nullptr);
    start(from, *loop_stack_, &Worker::loop, nullptr);
  }
}

// Something to go on with while the running stack is kept. False: there is no memory for it.
bool Worker::provide_stack() noexcept {
  if (spares_ == nullptr && fresh_ == nullptr) {
    try {
      fresh_ = &scheduler_.stacks().take();
    } catch (const Error& error) {
      scheduler_.runtime().log().write(error.what());
      return false;
    }
  }
  return true;
}

void Worker::keep_spare(Stack& stack) noexcept {
  if (spare_count_ >= kSpares) {
    // The oldest: a loop that is not gone on with leaves nothing behind.
    Stack* const surplus = std::exchange(spares_, spares_->next);
    --spare_count_;
    scheduler_.stacks().give_back(*surplus);
  }
  stack.next = std::exchange(spares_, &stack);
  ++spare_count_;
}

// Back to run().
void Worker::leave() noexcept {
  Stack& here = *loop_stack_;
  keep_spare(here);
  switch_to(here, *base_);
}

// ---- what to run -------------------------------------------------------------------------------

Task* Worker::pick() noexcept {
  if (budget_ == 0 || ended_.load(std::memory_order_relaxed)) {
    return nullptr;
  }
  if (scheduler_.options().choose) [[unlikely]] {
    return pick_by_choice();
  }
  for (;;) {
    if (++turn_ % kLookEvery == 0 || look_.load(std::memory_order_relaxed)) [[unlikely]] {
      look_.store(false, std::memory_order_relaxed);
      look_around();
      if (Task* const waited = take_longest_waiting(); waited != nullptr) {
        --budget_;
        return waited;
      }
    }
    if (!inbox_.looks_empty()) {
      take_inbox();
    }
    Task* task = ready_.first_;
    if (task != nullptr) {
      ready_.first_ = task->next_;
    } else if (next_.load(std::memory_order_relaxed) == nullptr ||
               (task = next_.exchange(nullptr)) == nullptr) {
      task = deque_.take_newest();
      if (task == nullptr) {
        task = last_.take_oldest();
      }
    }
    if (task == nullptr) {
      task = find_work();
    }
    if (task != nullptr) {
      --budget_;
      return task;
    }
    if (!sleep()) {
      return nullptr;
    }
  }
}

// Those that make each other run, or resume each other, would go on for ever: now and then the one
// that they would run next goes behind all others, and who has waited longest has a turn.
Task* Worker::take_longest_waiting() noexcept {
  if (dedicated_) {
    return nullptr;
  }
  if (Task* const next = next_.exchange(nullptr); next != nullptr) {
    last_.push_newest(*next);
  }
  from_last_ = !from_last_;
  Task* const task = from_last_ ? last_.take_oldest() : deque_.take_oldest();
  return task != nullptr ? task : from_last_ ? deque_.take_oldest() : last_.take_oldest();
}

// A simulation's: everything that could run is one list, and it says which does.
Task* Worker::pick_by_choice() noexcept {
  if (scheduler_.cancelled_.load(std::memory_order_relaxed) != cancelled_) {
    cancel_waits();
  }
  take_inbox();
  fire_timers();
  while (scheduler_.injected_.load() > 0) {
    scheduler_.take_injected(*this);
  }
  for (TaskDeque* const queue : {&last_, &deque_}) {
    while (Task* const task = queue->take_oldest()) {
      choices_.push_back(task);
    }
  }
  if (choices_.empty()) {
    return nullptr;
  }
  const auto chosen = scheduler_.options().choose(choices_.size());
  TROUPE_CHECK(chosen < choices_.size());
  Task* const task = std::exchange(choices_[chosen], choices_.back());
  choices_.pop_back();
  --budget_;
  return task;
}

void Worker::schedule(Task& task) noexcept {
  if (scheduler_.options().choose) [[unlikely]] {
    choices_.push_back(&task);
    return;
  }
  if (dedicated_) [[unlikely]] {
    scheduler_.inject(task);
    return;
  }
  Task* const before = next_.load(std::memory_order_relaxed);
  if (before == nullptr) {
    next_.store(&task, std::memory_order_release);  // pairs with whoever takes it: publishes it
    return;
  }
  // Who was next has waited longer, but what was just made has its data in the cache.
  Task* const displaced = next_.exchange(&task);
  if (displaced != nullptr) {
    deque_.push_newest(*displaced);
    scheduler_.look_for_sleepers(1);
  }
}

void Worker::schedule_last(Task& task) noexcept {
  if (scheduler_.options().choose) [[unlikely]] {
    choices_.push_back(&task);
    return;
  }
  if (dedicated_) {
    make_ready(task);
    return;
  }
  last_.push_newest(task);
  scheduler_.look_for_sleepers(deque_.size() + last_.size() - 1);
}

void Worker::make_ready(Task& task) noexcept {
  if (scheduler_.options().choose) [[unlikely]] {
    choices_.push_back(&task);
    return;
  }
  task.next_ = nullptr;
  (ready_.first_ != nullptr ? ready_.last_->next_ : ready_.first_) = &task;
  ready_.last_ = &task;
}

void Worker::resume(Task& task) noexcept {
  if (current_ == this) {
    make_ready(task);
    return;
  }
  inbox_.push(task);
  notify();
}

void Worker::notify() noexcept {
  // Sequentially consistent: pairs with sleep(), which looks at the inbox after it has set this.
  if (asleep_.load() && asleep_.exchange(false)) {
    reactor_.ring();
  }
}

void Worker::take_inbox() noexcept {
  Task* task = inbox_.take_all();
  while (task != nullptr) {
    Task* const next = task->next_;
    if (task->suspended_ == nullptr && task->home_ != this) {
      schedule(*task);
    } else {
      make_ready(*task);
    }
    task = next;
  }
}

// ---- waiting -----------------------------------------------------------------------------------

[[gnu::always_inline]] inline void Worker::suspend() noexcept {
  Task& task = *running_.load(std::memory_order_relaxed);
  Stack& here = *loop_stack_;
  task.suspended_ = &here;
  here.user = &task;
  running_.store(nullptr, std::memory_order_relaxed);
  suspended_.store(suspended_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  go_to_loop(here);
  suspended_.store(suspended_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

Waiter::Outcome Worker::wait(Waiter& waiter, Deadline until) noexcept {
  if (scheduler_.cancelled_.load(std::memory_order_relaxed)) {
    return waiter.fired() ? Waiter::Outcome::fired : Waiter::Outcome::cancelled;
  }
  if (!provide_stack()) [[unlikely]] {
    return waiter.fired() ? Waiter::Outcome::fired : Waiter::Outcome::no_stack;
  }
  waiter.worker_ = this;
  waiter.task_ = task();
  waiter.outcome_ = Waiter::Outcome::fired;
  if (std::uint32_t idle = Waiter::kIdle;
      !waiter.state_.compare_exchange_strong(idle, Waiter::kFiberWaits)) {
    return Waiter::Outcome::fired;
  }
  waiter.previous_ = nullptr;
  waiter.next_ = std::exchange(waits_, &waiter);
  if (waiter.next_ != nullptr) {
    waiter.next_->previous_ = &waiter;
  }
  // The queue of timers hears of it only if it lasts: most waits are over before.
  waiter.until_ = until.when();
  waiter.considered_ = false;
  suspend();
  if (waiter.considered_) [[unlikely]] {
    timers_.remove(waiter);
  }
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : waits_) = waiter.next_;
  if (waiter.next_ != nullptr) {
    waiter.next_->previous_ = waiter.previous_;
  }
  return waiter.outcome_;
}

void Worker::wait_through(Waiter& waiter) noexcept {
  TROUPE_CHECK(provide_stack() && "a wait that cannot fail needs a stack");
  waiter.worker_ = this;
  waiter.task_ = task();
  if (std::uint32_t idle = Waiter::kIdle;
      waiter.state_.compare_exchange_strong(idle, Waiter::kFiberWaits)) {
    suspend();
  }
}

}  // namespace troupe::fiber
