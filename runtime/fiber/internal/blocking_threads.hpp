// SPDX-License-Identifier: Apache-2.0
#pragma once

// BlockingThreads: threads for calls that block in the kernel. One is made when none is idle; some
// idle ones are kept, asleep. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace troupe::fiber {

class BlockingThreads final {
 public:
  BlockingThreads() = default;
  BlockingThreads(const BlockingThreads&) = delete;
  BlockingThreads& operator=(const BlockingThreads&) = delete;
  ~BlockingThreads();  // waits for what runs

  void execute(std::function<void()> work);
  std::size_t busy() const;

 private:
  static constexpr std::size_t kKept = 8;

  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable ended_;
  // Guarded by mutex_.
  std::list<std::function<void()>> waiting_;
  std::size_t idle_ = 0;
  std::size_t threads_ = 0;
  bool stopping_ = false;
};

}  // namespace troupe::fiber
