// SPDX-License-Identifier: Apache-2.0
#pragma once

// SimpleQueue: Python's: put, get and empty, and a bound that few programs meet. Handles are
// values, thread-safe.

#include "troupe/runtime/queue/queue.hpp"

#include <cstddef>
#include <utility>

namespace troupe {

template <class T>
class SimpleQueue final {
 public:
  static constexpr std::size_t kCapacity = std::size_t{1} << 16U;  // items

  SimpleQueue() = default;  // empty: any use is `closed`
  // As Queue. Throws Error.
  explicit SimpleQueue(RuntimeCore& runtime)
      : SimpleQueue(Queue<T>{runtime, QueueOptions{.capacity = kCapacity}}) {}
  explicit SimpleQueue(Queue<T> queue) noexcept : queue_(std::move(queue)) {}

  // As Queue's.
  Result<void> put(const T& item) const { return queue_.put(item); }
  Result<T> get() const { return queue_.get(); }
  // Whether there is nothing to get. Errors: closed, disconnected.
  Result<bool> empty() const {
    auto stats = queue_.stats();
    if (stats && stats->closed) {
      return Error{Code::closed, "empty: the queue is closed"};
    }
    return stats ? Result<bool>{stats->ready == 0} : stats.error();
  }
  // Again: nothing happens.
  Result<void> close() const { return queue_.close(); }
  const Queue<T>& queue() const noexcept { return queue_; }

 private:
  Queue<T> queue_;
};

template <class T>
struct Codec<SimpleQueue<T>> {
  static void encode(Writer& writer, const SimpleQueue<T>& queue) {
    Codec<Queue<T>>::encode(writer, queue.queue());
  }
  static Result<SimpleQueue<T>> decode(Reader& reader) {
    auto queue = Codec<Queue<T>>::decode(reader);
    return queue ? Result<SimpleQueue<T>>{SimpleQueue<T>{*std::move(queue)}} : queue.error();
  }
};

}  // namespace troupe
