// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flusher: sees to it that what a sender left in a buffer leaves soon, also when the sender does nothing
// more. A thread of the runtime, started at the first need and asleep when nothing is buffered: an idle
// program has no wake-ups. See docs/architecture.md#the-burst-rule.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/fiber/ports.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {

// Something with a send buffer.
class Flushable {
 public:
  Flushable() = default;
  Flushable(const Flushable&) = delete;
  Flushable& operator=(const Flushable&) = delete;
  virtual ~Flushable() = default;

  // Writes what is buffered, never blocking. Returns what to wait for before trying again; an fd of -1
  // when nothing is left. Thread-safe.
  virtual transports::Readiness flush_buffered() = 0;
};

// Thread-safe.
class Flusher final {
 public:
  static constexpr Duration kDelay = std::chrono::microseconds{50};

  Flusher(Executor& executor, Poller& poller);
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;
  ~Flusher();  // ends the thread; what is still buffered then is its owner's to flush or drop

  // `buffer` holds something: flush it after kDelay, and again until nothing is left. To be called when a
  // buffer turns from empty to not empty; more often does no harm.
  void add(std::weak_ptr<Flushable> buffer);

 private:
  void run();

  Executor& executor_;
  Poller& poller_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::weak_ptr<Flushable>> added_;
  bool asleep_ = false;
  bool running_ = false;
  bool stopping_ = false;
};

// The calling thread left something in `buffer`: its next park flushes it first.
void flush_before_park(const std::shared_ptr<Flushable>& buffer);
// Flushes what the calling thread left in buffers.
void flush_own_buffers();

}  // namespace troupe
