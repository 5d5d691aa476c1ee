// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/ports.hpp"

#include "troupe/base/error.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <utility>

namespace troupe::sim {
namespace {

class SteppingPoller final : public Poller {
 public:
  explicit SteppingPoller(Step step) : step_(std::move(step)) {}

  Result<void> wait(std::span<PollItem> items, Deadline until) override {
    for (;;) {
      auto looked = kernels_->wait(items, Deadline::at_once());
      if (looked || looked.error() != Code::timed_out || !step(until)) {
        return looked;
      }
    }
  }

  Result<os::EventSet::Woken> wait(os::EventSet& set, int stop, Deadline until) override {
    for (;;) {
      auto woken = kernels_->wait(set, stop, Deadline::at_once());
      if (!woken || *woken != os::EventSet::Woken::by_deadline || !step(until)) {
        return woken;
      }
    }
  }

 private:
  // An actor only looks: it is suspended when there is nothing.
  bool step(Deadline until) const { return fiber::Scheduler::current() == nullptr && step_(until); }

  const Step step_;
  const std::unique_ptr<Poller> kernels_ = Poller::of_threads();
};

class NoExecutor final : public Executor {
 public:
  void execute(std::function<void()> /*work*/) override {
    throw Error{Code::refused,
                "a node of a sim::World has no threads: no processes, connections or signals"};
  }
  bool has_threads() const noexcept override { return false; }
};

}  // namespace

std::unique_ptr<Poller> stepping_poller(Step step) {
  return std::make_unique<SteppingPoller>(std::move(step));
}

std::unique_ptr<Executor> no_executor() {
  return std::make_unique<NoExecutor>();
}

}  // namespace troupe::sim
