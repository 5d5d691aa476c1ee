// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/blocking_threads.hpp"

#include "troupe/base/os/masked_thread.hpp"

#include <thread>
#include <utility>

namespace troupe::fiber {

BlockingThreads::BlockingThreads() : shared_(std::make_shared<Shared>()) {}

BlockingThreads::~BlockingThreads() {
  std::unique_lock lock{shared_->mutex};
  shared_->stopping = true;
  shared_->changed.notify_all();
  shared_->ended.wait(lock, [this] { return shared_->threads == shared_->working; });
}

void BlockingThreads::execute(std::function<void()> work) {
  Shared& its = *shared_;
  const std::lock_guard lock{its.mutex};
  its.waiting.push_back(std::move(work));
  if (its.idle >= its.waiting.size()) {
    its.changed.notify_one();
    return;
  }
  try {
    os::masked_thread("troupe-blocking", [shared = shared_] { run(*shared); }).detach();
  } catch (...) {
    if (its.threads == 0) {
      its.waiting.pop_back();
      throw;
    }
    return;  // one that runs takes it later
  }
  ++its.threads;
}

std::size_t BlockingThreads::busy() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->working + shared_->waiting.size();
}

void BlockingThreads::run(Shared& shared) {
  std::unique_lock lock{shared.mutex};
  for (;;) {
    if (!shared.waiting.empty()) {
      auto work = std::move(shared.waiting.front());
      shared.waiting.pop_front();
      ++shared.working;
      lock.unlock();
      work();
      work = nullptr;  // what it owns goes without the lock
      lock.lock();
      --shared.working;
      continue;
    }
    if (shared.stopping || shared.idle >= kKept) {
      break;
    }
    ++shared.idle;
    shared.changed.wait(lock);
    --shared.idle;
  }
  --shared.threads;
  shared.ended.notify_all();
}

}  // namespace troupe::fiber
