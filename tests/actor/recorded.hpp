// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recorded: what actors of a test saw, in the order they saw it; the test waits until it is enough.
// Thread-safe.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe::actor_test {

template <class T>
class Recorded final {
 public:
  void add(T value) {
    const std::lock_guard lock{mutex_};
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // Waits until there are so many, and returns all.
  std::vector<T> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return values_.size() >= count; });
    return values_;
  }
  std::vector<T> all() {
    const std::lock_guard lock{mutex_};
    return values_;
  }
  std::size_t size() {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;  // guarded by mutex_
};

}  // namespace troupe::actor_test
