// SPDX-License-Identifier: Apache-2.0
#pragma once

// TestRuntime: a runtime with nothing but its ports, for tests of the floors below Runtime; and
// ports that a test can hold or count.

#include "troupe/runtime/fiber/runtime_core.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::harness {

class TestRuntime final : public RuntimeCore {
 public:
  explicit TestRuntime(Ports ports = {}, Log log = {})
      : RuntimeCore(std::move(ports), std::move(log)) {
    if (on_made) {
      on_made(*this);
    }
  }
  ~TestRuntime() = default;

  // Completes each one, for suites that do not know what their transport needs. Set once, before
  // the tests.
  static inline std::function<void(RuntimeCore&)> on_made;
};

// Runs nothing until release(), and everything from then on. To be released before its runtime
// ends.
class HeldExecutor final : public Executor {
 public:
  void execute(std::function<void()> work) override {
    const std::lock_guard lock{mutex_};
    if (released_) {
      threads_.emplace_back(std::move(work));
    } else {
      held_.push_back(std::move(work));
    }
  }
  void release() {
    const std::lock_guard lock{mutex_};
    released_ = true;
    for (auto& work : std::exchange(held_, {})) {
      threads_.emplace_back(std::move(work));
    }
  }

 private:
  std::mutex mutex_;
  bool released_ = false;  // guarded by mutex_, as are these
  std::vector<std::function<void()>> held_;
  std::vector<std::jthread> threads_;
};

// Counts the calls that waited or looked.
class CountingPoller final : public Poller {
 public:
  explicit CountingPoller(std::atomic<long>& waits) : waits_(waits) {}
  Result<void> wait(std::span<PollItem> items, Deadline until) override {
    ++waits_;
    return inner_->wait(items, until);
  }
  Result<os::EventSet::Woken> wait(os::EventSet& set, int stop, Deadline until) override {
    ++waits_;
    return inner_->wait(set, stop, until);
  }

 private:
  std::atomic<long>& waits_;
  const std::unique_ptr<Poller> inner_ = Poller::of_threads();
};

}  // namespace troupe::harness
