// SPDX-License-Identifier: Apache-2.0
#pragma once

// BlockingCalls: who is in a blocking() call of a runtime. Such a call may never return, and may be
// an actor's of another runtime, which goes on when this one is gone: calls share it with their
// System. Thread-safe.

#include "troupe/base/clock.hpp"
#include "troupe/base/deadline.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::actor {

class Cell;

class BlockingCalls final {
 public:
  struct Call {
    const Cell* cell;
    Instant since;
  };

  // While it lives, the cell's actor is in a call.
  class Scope final {
   public:
    Scope(std::shared_ptr<BlockingCalls> calls, const Cell& cell, Instant now);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    const std::shared_ptr<BlockingCalls> calls_;
    const Cell& cell_;
  };

  std::vector<Call> all() const;
  // Returns when there is none, or the deadline passes.
  void wait_for_none(Deadline until) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Call> calls_;  // guarded by mutex_
};

}  // namespace troupe::actor
