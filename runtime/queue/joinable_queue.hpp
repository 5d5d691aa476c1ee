// SPDX-License-Identifier: Apache-2.0
#pragma once

// JoinableQueue: Python's: what get() returns is in work until task_done() is called, so that
// join() waits for the work and not only for the queue to be empty. A process that ends before has
// its items redone by others. Handles are values, thread-safe; in another process a handle has
// tasks of its own.

#include "troupe/runtime/queue/queue.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe {

template <class T>
class JoinableQueue final {
 public:
  JoinableQueue() = default;  // empty: any use is `closed`
  // As Queue. Throws Error.
  explicit JoinableQueue(RuntimeCore& runtime, const QueueOptions& options = {})
      : JoinableQueue(Queue<T>{runtime, options}) {}
  explicit JoinableQueue(Queue<T> queue) noexcept : queue_(std::move(queue)) {}

  // As Queue::put.
  Result<void> put(const T& item, Deadline until = forever) const {
    return queue_.put(item, until);
  }
  // The next item. It is in work, and counts for the capacity, until a task_done(). Errors: as
  // Queue::take.
  Result<T> get(Deadline until = forever) const {
    auto taken = queue_.take(until);
    if (!taken) {
      return taken.error();
    }
    T item = std::move(**taken);
    const std::lock_guard lock{work_->lock};
    work_->deliveries.push_back(*std::move(taken));
    return item;
  }
  // The oldest item that was got here is done. Errors: invalid_argument (called more often than
  // get), those of Delivery::ack.
  Result<void> task_done() const {
    std::unique_lock lock{work_->lock};
    if (work_->deliveries.empty()) {
      return Error{Code::invalid_argument, "task_done was called more often than get"};
    }
    Delivery<T> done = std::move(work_->deliveries.front());
    work_->deliveries.pop_front();
    lock.unlock();
    return done.ack();
  }
  // As Queue's.
  Result<void> join(Deadline until = forever) const { return queue_.join(until); }
  Result<void> close(Deadline until = forever) const { return queue_.close(until); }
  const Queue<T>& queue() const noexcept { return queue_; }

 private:
  struct Work {
    std::mutex lock;
    std::deque<Delivery<T>> deliveries;  // guarded by lock; in the order of the gets
  };

  Queue<T> queue_;
  std::shared_ptr<Work> work_ = std::make_shared<Work>();
};

template <class T>
struct Codec<JoinableQueue<T>> {
  static void encode(Writer& writer, const JoinableQueue<T>& queue) {
    Codec<Queue<T>>::encode(writer, queue.queue());
  }
  static Result<JoinableQueue<T>> decode(Reader& reader) {
    auto queue = Codec<Queue<T>>::decode(reader);
    return queue ? Result<JoinableQueue<T>>{JoinableQueue<T>{*std::move(queue)}} : queue.error();
  }
};

}  // namespace troupe
