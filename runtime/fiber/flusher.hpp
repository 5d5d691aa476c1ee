// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flusher: sees to it that what a sender left in a buffer leaves soon, also when the sender does
// nothing more. A thread of the runtime, started at the first need and asleep when nothing is
// buffered: an idle program has no wake-ups. See docs/architecture.md#the-burst-rule.

#include "troupe/base/clock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/ports.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {

// Something with a send buffer.
class Flushable {
 public:
  enum class Rest : std::uint8_t {
    none,     // nothing is buffered
    young,    // its sender flushed since the last call, and buffered anew
    blocked,  // the kernel takes no more until writable()
  };

  Flushable() = default;
  Flushable(const Flushable&) = delete;
  Flushable& operator=(const Flushable&) = delete;
  virtual ~Flushable() = default;

  // Writes what its sender left, never blocking. Thread-safe.
  virtual Rest flush_all() = 0;
  // The same, but leaves alone what is there only since the last call of this.
  virtual Rest flush_old() = 0;
  virtual transports::Readiness writable() const = 0;
};

// Thread-safe.
class Flusher final {
 public:
  // Nothing stays longer in a buffer that the kernel would take; twice this at most.
  static constexpr Duration kDelay = std::chrono::microseconds{50};

  Flusher(Executor& executor, Poller& poller);
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;
  ~Flusher();  // ends the thread; what is still buffered then is its owner's to flush or drop

  // `buffer` holds something. To be called when it turns from empty to not empty and the flusher
  // does not have it; it keeps it until a flush leaves nothing.
  void add(std::weak_ptr<Flushable> buffer);

 private:
  using Buffers = std::vector<std::weak_ptr<Flushable>>;

  void run();
  bool take_added(Buffers& buffers);
  void wait_for_news(const Buffers& blocked, Deadline until);

  Executor& executor_;
  Poller& poller_;
  const UniqueFd news_;  // eventfd: rung for a thread that sleeps

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable ended_;
  Buffers added_;
  bool asleep_ = false;
  bool running_ = false;
  bool stopping_ = false;
};

// The calling thread left something in `buffer`: its next park flushes it first.
void flush_before_park(std::weak_ptr<Flushable> buffer);
// Flushes what the calling thread left in buffers: what it does before it waits.
void flush_own_buffers();
// How many times the calling thread has done so.
std::uint64_t waits_of_thread() noexcept;

}  // namespace troupe
