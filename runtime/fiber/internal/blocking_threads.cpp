// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/blocking_threads.hpp"

#include "troupe/runtime/fiber/internal/masked_thread.hpp"

#include <utility>

namespace troupe::fiber {

BlockingThreads::~BlockingThreads() {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  changed_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

void BlockingThreads::execute(std::function<void()> work) {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(std::move(work));
  if (idle_ >= waiting_.size()) {
    changed_.notify_one();
    return;
  }
  try {
    masked_thread("troupe-blocking", [this] { run(); }).detach();
  } catch (...) {
    if (threads_ == 0) {
      waiting_.pop_back();
      throw;
    }
    return;  // one that runs takes it later
  }
  ++threads_;
}

std::size_t BlockingThreads::busy() const {
  const std::lock_guard lock{mutex_};
  return threads_ - idle_ + waiting_.size();
}

void BlockingThreads::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (!waiting_.empty()) {
      const auto work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      lock.lock();
      continue;
    }
    if (stopping_ || idle_ >= kKept) {
      break;
    }
    ++idle_;
    changed_.wait(lock);
    --idle_;
  }
  --threads_;
  ended_.notify_all();
}

}  // namespace troupe::fiber
