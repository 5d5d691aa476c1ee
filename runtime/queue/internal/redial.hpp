// SPDX-License-Identifier: Apache-2.0
#pragma once

// Redial: looks for the owner of a queue again after the connection of a client to it has broken,
// beside all that the client does, again and again with pauses that chance spreads, until it has it
// or the time is over. Thread-safe.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/queue/internal/caller.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace troupe::queue {

class Redial final : public std::enable_shared_from_this<Redial> {
 public:
  // `owner`: its process, empty where that cannot be watched.
  Redial(std::shared_ptr<const Caller> caller, std::uint64_t client, const Resumed& resumed,
         Duration patience, std::shared_ptr<const UniqueFd> owner);

  void start();
  bool done() const;
  // Until it is.
  fiber::Waiter::Outcome wait(Deadline until);
  // What came of it, once. Errors: lost (the owner knows nothing of the client), disconnected (its
  // process has ended, or the time is over), those of Caller::call.
  Result<Called> take();
  // Nobody wants it any more.
  void give_up();

 private:
  class Dialing;

  void run();
  Result<Called> dial();
  bool given_up() const;

  const std::shared_ptr<const Caller> caller_;
  const std::uint64_t client_;
  const Resumed resumed_;
  const Deadline until_;
  const std::shared_ptr<const UniqueFd> owner_;

  mutable SpinLock lock_;
  // Guarded by lock_.
  fiber::Change change_;
  std::optional<Result<Called>> outcome_;
  bool given_up_ = false;
};

}  // namespace troupe::queue
