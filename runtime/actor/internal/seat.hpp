// SPDX-License-Identifier: Apache-2.0
#pragma once

// Seat: what incarnations of an actor hold one after another: a name, or the place of a supervised
// child. Whoever has a Named has the seat, and finds there who holds it now.

#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/internal/entry.hpp"
#include "troupe/runtime/fiber/change.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace troupe::actor {

class System;

// When somebody will take the place of who holds it.
enum class Succession : std::uint8_t { never, after_failure, always };

// Thread-safe.
class Seat final : public Entry {
 public:
  // `text`: what errors call it: `"jobs"`, `child "parser"`.
  Seat(System& system, std::string text) : system_(system), text_(std::move(text)) {}

  // Gives it to a living actor that has entered; whom it was given before loses it. One that has
  // ended meanwhile does not get it.
  void give(const Target& target, const Interface& its) noexcept;
  // The same where nobody living holds it. Errors: exists, closed (the actor has ended).
  Result<void> take(const Target& target, const Interface& its);
  bool left(const Target& target, const Exit& reason) noexcept override;

  void set_succession(Succession succession) noexcept;
  // Nobody holds it now.
  void vacate() noexcept;
  // Nobody holds it from now on, until reopen: uses are `closed`.
  void close() noexcept;
  void reopen() noexcept;

  // Who holds it, if that covers `wanted`. Errors: disconnected (a successor is to come), not_found
  // (nobody), closed, refused (it does not cover it).
  Result<Target> holder(const Interface& wanted) const;
  // The same, waiting for somebody to take it; timed_out and cancelled then, instead of
  // disconnected and not_found.
  Result<Target> await(const Interface& wanted, Deadline until);
  // The same as a number for sends, which are counted when refused.
  Sent find(const Interface& wanted, Target& target);
  // Nobody holds it, or will without being told to.
  bool is_vacant() const noexcept;

  System& system() const noexcept { return system_; }

 private:
  enum class State : std::uint8_t { vacant, held, awaited, closed };

  Error refusal(const Interface& its, const AcceptedMessage* missing,
                const Interface& wanted) const;

  System& system_;
  const std::string text_;
  mutable SpinLock lock_;
  // Guarded by lock_.
  State state_ = State::vacant;
  Succession succession_ = Succession::never;
  Target target_;
  const Interface* its_ = nullptr;
  fiber::Change change_;
  std::atomic<bool> refusal_said_{false};
};

}  // namespace troupe::actor
