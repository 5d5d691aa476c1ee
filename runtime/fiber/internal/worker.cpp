// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/worker.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/internal/stack.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

namespace troupe::fiber {
namespace {

// So often a worker looks at the clock, at its timers, at who has waited longest.
constexpr unsigned kLookEvery = 64;
// Asking the kernel costs as much as some messages do.
constexpr Duration kPollEvery = std::chrono::microseconds{50};
// Loops that wait to go on; what a burst of waiting tasks leaves beyond them goes back to the pool.
constexpr std::size_t kSpares = 16;
constexpr std::ptrdiff_t kStealAtMost = 64;
// Looks at the others before a worker goes to sleep: about 5 µs.
constexpr int kSearches = 50;

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

Instant Worker::first_timer() const noexcept {
  return std::min(timers_.first(), Instant{Duration{shared_first_.load()}});
}

void Worker::fire_timers() noexcept {
  queue_deadlines();
  if (first_timer() == Instant::max()) {
    return;
  }
  now_ = scheduler_.runtime().clock().now();
  while (TimerEntry* const entry = timers_.take_due(now_)) {
    entry->due();
  }
  while (TimerEntry* const entry = take_shared_due()) {
    entry->due();
  }
}

TimerEntry* Worker::take_shared_due() noexcept {
  const std::lock_guard lock{shared_timers_lock_};
  TimerEntry* const entry = shared_timers_.take_due(now_);
  shared_first_.store(shared_timers_.first().time_since_epoch().count());
  return entry;
}

void Worker::add_timer(TimerEntry& entry, Instant when) {
  bool first = false;
  {
    const std::lock_guard lock{shared_timers_lock_};
    shared_timers_.add(entry, when);
    first = when == shared_timers_.first();
    shared_first_.store(shared_timers_.first().time_since_epoch().count());
  }
  if (first && current_ != this) {
    notify();  // it may sleep for longer
  }
}

bool Worker::remove_timer(TimerEntry& entry) noexcept {
  const std::lock_guard lock{shared_timers_lock_};
  if (!entry.queued()) {
    return false;
  }
  shared_timers_.remove(entry);
  shared_first_.store(shared_timers_.first().time_since_epoch().count());
  return true;
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
        found = victim.deque_.steal_half(deque_, kStealAtMost);
        if (found == nullptr) {
          found = victim.last_.steal_half(deque_, kStealAtMost);
        }
        if (found == nullptr && victim.raided_.load(std::memory_order_relaxed)) {
          found = victim.next_.exchange(nullptr);
        }
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

// ---- sleeping ----------------------------------------------------------------------------------

bool Worker::anything_to_do() const noexcept {
  // The deque too: a search that found nothing may have filled it with what others had injected.
  if (!inbox_.empty() || ready_.first_ != nullptr || next_.load() != nullptr || queued() > 0 ||
      ended_.load() || scheduler_.cancelled_.load() != cancelled_) {
    return true;
  }
  return !dedicated_ && scheduler_.has_work_for(*this);
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

// The newest waits are first, and those that were looked at before are behind them.
void Worker::queue_deadlines() noexcept {
  for (Waiter* waiter = waits_; waiter != nullptr && !waiter->considered_; waiter = waiter->next_) {
    waiter->considered_ = true;
    if (waiter->until_ != Instant::max()) {
      timers_.add(*waiter, waiter->until_);
    }
  }
}

void Worker::cancel_waits() noexcept {
  cancelled_ = true;
  for (Waiter* waiter = waits_; waiter != nullptr; waiter = waiter->next_) {
    waiter->give_up(Waiter::Outcome::cancelled);
  }
}

void Worker::cancel_waits_of(const Task& task) noexcept {
  for (Waiter* waiter = waits_; waiter != nullptr; waiter = waiter->next_) {
    if (waiter->task_ == &task) {
      waiter->give_up(Waiter::Outcome::cancelled);
    }
  }
}

}  // namespace troupe::fiber
