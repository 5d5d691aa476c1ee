// SPDX-License-Identifier: Apache-2.0
#pragma once

// BlockingThreads: threads for calls that block in the kernel. One is made when none is idle; some
// idle ones are kept, asleep. A call that does not return holds up nobody: its thread is left
// behind, with what it stands on. Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace troupe::fiber {

class BlockingThreads final {
 public:
  BlockingThreads();
  BlockingThreads(const BlockingThreads&) = delete;
  BlockingThreads& operator=(const BlockingThreads&) = delete;
  ~BlockingThreads();  // ends the idle ones; the others end once their call returns

  void execute(std::function<void()> work);
  std::size_t busy() const;

 private:
  static constexpr std::size_t kKept = 8;

  // The threads' too: the last one that goes takes it along.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::condition_variable ended;
    // Guarded by mutex.
    std::list<std::function<void()>> waiting;
    std::size_t idle = 0;
    std::size_t threads = 0;
    std::size_t working = 0;  // those in a call
    bool stopping = false;
  };

  static void run(Shared& shared);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace troupe::fiber
