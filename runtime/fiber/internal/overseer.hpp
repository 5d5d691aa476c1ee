// SPDX-License-Identifier: Apache-2.0
#pragma once

// Overseer: a thread that looks every 10 ms, while workers are awake, whether a task keeps its
// worker for itself: others then take what stands behind it, and TaskReports hears of it. Asleep
// when they are: an idle program has no wake-ups. Thread-safe.

#include "troupe/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::fiber {

class Scheduler;
class Worker;

class Overseer final {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds{10};

  explicit Overseer(Scheduler& scheduler);
  Overseer(const Overseer&) = delete;
  Overseer& operator=(const Overseer&) = delete;
  ~Overseer();

  // A worker is about to work.
  void notice_work() noexcept {
    if (asleep_.load()) {
      wake();
    }
  }

 private:
  // How often it looks in vain before it sleeps.
  static constexpr int kQuietTicks = 50;

  struct Seen {
    std::uint64_t activations = 0;
    Instant since{};
    bool told = false;
  };

  void wake() noexcept;
  void run();
  bool look();
  void look_at(Worker& worker, Seen& seen, Instant now);

  Scheduler& scheduler_;
  std::atomic<bool> asleep_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;  // guarded by mutex_
  std::vector<Seen> seen_;
  std::thread thread_;
};

}  // namespace troupe::fiber
