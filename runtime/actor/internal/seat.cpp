// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/seat.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <mutex>
#include <utility>

namespace troupe::actor {
namespace {

bool is_living(const Target& target) noexcept {
  return target.cell != nullptr && target.cell->is(target.number);
}

}  // namespace

// An actor leaves after its number has gone, so one that is_living() under the lock will still call
// left(), and one that is not has left or will: in no case does an ended actor keep a seat.
void Seat::give(const Target& target, const Interface& its) noexcept {
  const std::lock_guard guard{lock_};
  if (state_ == State::closed || !is_living(target)) {
    return;
  }
  state_ = State::held;
  target_ = target;
  its_ = &its;
  change_.announce();
}

Result<void> Seat::take(const Target& target, const Interface& its) {
  Target before;
  {
    const std::lock_guard guard{lock_};
    if (!is_living(target)) {
      return Error{Code::closed, "take the name " + text_ + ": the actor has ended"};
    }
    if (state_ != State::held || target_ == target || !is_living(target_)) {
      state_ = State::held;
      target_ = target;
      its_ = &its;
      change_.announce();
      return {};
    }
    before = target_;
  }
  return Error{Code::exists, "take the name " + text_ + ": " + before.cell->text() + " has it"};
}

bool Seat::left(const Target& target, const Exit& reason) noexcept {
  const std::lock_guard guard{lock_};
  if (state_ == State::closed || (state_ == State::held && target_ != target)) {
    return false;  // another one holds it by now
  }
  const bool successor = succession_ == Succession::always ||
                         (succession_ == Succession::after_failure && !reason.ok());
  state_ = successor ? State::awaited : State::vacant;
  target_ = {};
  change_.announce();
  return successor;
}

void Seat::set_succession(Succession succession) noexcept {
  const std::lock_guard guard{lock_};
  succession_ = succession;
}

void Seat::vacate() noexcept {
  const std::lock_guard guard{lock_};
  if (state_ != State::closed) {
    state_ = State::vacant;
    target_ = {};
  }
}

void Seat::close() noexcept {
  const std::lock_guard guard{lock_};
  state_ = State::closed;
  succession_ = Succession::never;
  target_ = {};
  change_.announce();
}

void Seat::reopen() noexcept {
  const std::lock_guard guard{lock_};
  if (state_ == State::closed) {
    state_ = State::vacant;
  }
}

bool Seat::is_vacant() const noexcept {
  const std::lock_guard guard{lock_};
  return state_ == State::vacant || state_ == State::closed;
}

Error Seat::refusal(const Interface& its, const AcceptedMessage* missing,
                    const Interface& wanted) const {
  std::string what =
      "reach " + text_ + " as " + std::string{wanted.name} + ": it is " + std::string{its.name};
  if (missing != nullptr) {
    what += ", which does not answer " + std::string{missing->message->name} + " with " +
            std::string{missing->reply->name};
    if (!its.is_protocol && its.messages.empty()) {
      what += ": its class has no Accepts";
    }
  }
  return {Code::refused, std::move(what)};
}

Result<Target> Seat::holder(const Interface& wanted) const {
  std::unique_lock guard{lock_};
  const State state = state_;
  const Target target = target_;
  const Interface* const its = its_;
  guard.unlock();
  switch (state) {
    case State::closed:
      return Error{Code::closed, "reach " + text_ + ": it has ended, and nobody takes its place"};
    case State::awaited:
      return Error{Code::disconnected, "reach " + text_ + ": it is being restarted"};
    case State::vacant:
      return Error{Code::not_found, "reach " + text_ + ": there is none"};
    case State::held:
      break;
  }
  const AcceptedMessage* missing = nullptr;
  if (!covers(*its, wanted, missing)) {
    return refusal(*its, missing, wanted);
  }
  return target;
}

Result<Target> Seat::await(const Interface& wanted, Deadline until) {
  for (;;) {
    Result<Target> now = holder(wanted);
    if (now || now.error() == Code::closed || now.error() == Code::refused) {
      return now;
    }
    std::unique_lock guard{lock_};
    if (state_ != State::vacant && state_ != State::awaited) {
      continue;
    }
    const auto outcome = change_.wait(system_.runtime(), guard, until);
    guard.unlock();
    if (outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, std::string{now.error().what()} + "; wait for it");
    }
  }
}

Sent Seat::find(const Interface& wanted, Target& target) {
  std::unique_lock guard{lock_};
  const AcceptedMessage* missing = nullptr;
  const bool held = state_ == State::held;
  if (held && covers(*its_, wanted, missing)) {
    target = target_;
    return Sent{};
  }
  guard.unlock();
  system_.count(held ? Dropped::unhandled : Dropped::ended);
  if (!refusal_said_.exchange(true)) {
    const Result<Target> error = holder(wanted);
    system_.runtime().log().write(
        std::string{"a message was not sent: "} +
        (error ? "who is to take it has just come" : error.error().what()) +
        " (said once; runtime.stats() counts)");
  }
  return Sent{held ? Code::refused : Code::closed};
}

}  // namespace troupe::actor
