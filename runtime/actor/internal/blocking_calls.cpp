// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/blocking_calls.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::actor {

BlockingCalls::Scope::Scope(std::shared_ptr<BlockingCalls> calls, const Cell& cell, Instant now)
    : calls_(std::move(calls)), cell_(cell) {
  const std::lock_guard lock{calls_->mutex_};
  calls_->calls_.push_back({&cell, now});
}

BlockingCalls::Scope::~Scope() {
  const std::lock_guard lock{calls_->mutex_};
  // An actor is in one call at a time.
  std::erase_if(calls_->calls_, [this](const Call& call) { return call.cell == &cell_; });
  calls_->changed_.notify_all();
}

std::vector<BlockingCalls::Call> BlockingCalls::all() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

void BlockingCalls::wait_for_none(Deadline until) const {
  std::unique_lock lock{mutex_};
  while (!calls_.empty() && !until.passed()) {
    changed_.wait_for(lock, std::min<Duration>(until.left(), std::chrono::hours{1}));
  }
}

}  // namespace troupe::actor
