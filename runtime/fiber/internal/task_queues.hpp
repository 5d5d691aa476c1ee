// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queues that tasks wait in. All are intrusive: queueing never allocates.

#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/fiber/task.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

namespace troupe::fiber {

// A worker's own: it takes the newest, whose data is still in its cache; others, and now and then
// itself, take the oldest. Thread-safe.
class TaskDeque final {
 public:
  void push_newest(Task& task) noexcept {
    {
      const std::lock_guard lock{lock_};
      task.previous_ = nullptr;
      task.next_ = newest_;
      (newest_ != nullptr ? newest_->previous_ : oldest_) = &task;
      newest_ = &task;
    }
    // Sequentially consistent, as is size(): pairs with Scheduler::sleepers_. Either who pushes
    // sees the sleeper, or the sleeper sees the task.
    size_.fetch_add(1);
  }
  void push_oldest(Task& task) noexcept {
    {
      const std::lock_guard lock{lock_};
      task.next_ = nullptr;
      task.previous_ = oldest_;
      (oldest_ != nullptr ? oldest_->next_ : newest_) = &task;
      oldest_ = &task;
    }
    size_.fetch_add(1);
  }

  Task* take_newest() noexcept {
    if (size_.load(std::memory_order_relaxed) <= 0) {
      return nullptr;
    }
    const std::lock_guard lock{lock_};
    Task* const task = newest_;
    if (task != nullptr) {
      newest_ = task->next_;
      (newest_ != nullptr ? newest_->previous_ : oldest_) = nullptr;
      size_.fetch_sub(1, std::memory_order_relaxed);
    }
    return task;
  }
  Task* take_oldest() noexcept {
    if (size_.load() <= 0) {
      return nullptr;
    }
    const std::lock_guard lock{lock_};
    return unlink_oldest();
  }

  // Moves the older half, but `most` at most, to `thief`, who gets the oldest of it in hand.
  Task* steal_half(TaskDeque& thief, std::ptrdiff_t most) noexcept;

  std::ptrdiff_t size() const noexcept { return size_.load(); }

 private:
  Task* unlink_oldest() noexcept {
    Task* const task = oldest_;
    if (task != nullptr) {
      oldest_ = task->previous_;
      (oldest_ != nullptr ? oldest_->next_ : newest_) = nullptr;
      size_.fetch_sub(1, std::memory_order_relaxed);
    }
    return task;
  }

  SpinLock lock_;
  Task* newest_ = nullptr;  // guarded by lock_, as the next
  Task* oldest_ = nullptr;
  std::atomic<std::ptrdiff_t> size_{0};  // counted after a push: for a moment it may be too small
};

// First in, first out, of one thread.
class TaskList final {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

 private:
  friend class TaskInbox;
  friend class Worker;
  Task* first_ = nullptr;
  Task* last_ = nullptr;
};

// What others leave for one reader. push: thread-safe; take_all: the reader's.
class TaskInbox final {
 public:
  void push(Task& task) noexcept {
    Task* newest = newest_.load(std::memory_order_relaxed);
    do {
      task.next_ = newest;
    } while (!newest_.compare_exchange_weak(newest, &task));
  }

  bool empty() const noexcept { return newest_.load() == nullptr; }
  bool looks_empty() const noexcept { return newest_.load(std::memory_order_relaxed) == nullptr; }

  // In the order they came, linked by next_.
  Task* take_all() noexcept {
    Task* newest = newest_.exchange(nullptr);
    Task* oldest_first = nullptr;
    while (newest != nullptr) {
      Task* const next = newest->next_;
      newest->next_ = oldest_first;
      oldest_first = std::exchange(newest, next);
    }
    return oldest_first;
  }

 private:
  std::atomic<Task*> newest_{nullptr};
};

}  // namespace troupe::fiber
