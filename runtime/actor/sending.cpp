// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/sending.hpp"

#include "troupe/runtime/actor/internal/asking.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <mutex>
#include <string>
#include <utility>

namespace troupe::actor {
namespace {

Sent refuse(Cell& cell, Dropped why, Code code) {
  cell.system().count(why);
  cell.count_drop();
  return Sent{code};
}

// The mailbox has no room for it: what its owner chose. `try_in`: puts it there once there is room.
template <class Try>
Sent deliver_to_full(const Target& target, Envelope& envelope, const Deadline* until,
                     const Try& try_in) {
  Cell& cell = *target.cell;
  switch (cell.when_full()) {
    case WhenFull::drop_oldest:
      return cell.push_dropping(envelope) ? Sent{} : refuse(cell, Dropped::ended, Code::closed);
    case WhenFull::drop_newest:
      return refuse(cell, Dropped::newest, Code::overloaded);
    case WhenFull::refuse:
      return refuse(cell, Dropped::refused, Code::overloaded);
    case WhenFull::wait:
      break;
  }
  const Deadline patience = until != nullptr ? *until : Deadline{cell.patience()};
  const Sent sent = cell.wait_for_room(target, patience, try_in);
  if (!sent) {
    cell.system().log_refusal(cell, "its mailbox stayed full");
    return refuse(cell, sent.code() == Code::closed ? Dropped::ended : Dropped::refused,
                  sent.code());
  }
  return sent;
}

std::string doing(const Target& target, const Envelope& envelope) {
  return "ask " + target.cell->text() + " with " + std::string{envelope.operations->type->name};
}

// Why the ask could not be sent.
Error unsent_error(const Target& target, const Envelope& envelope, Code code) {
  const std::string what = doing(target, envelope);
  switch (code) {
    case Code::closed: {
      if (Extras* const its = target.cell->extras(); its != nullptr) {
        const std::lock_guard lock{its->lock};
        if (its->last_number == target.number) {
          return ended_error(its->last_exit.who, its->last_exit);
        }
      }
      return {Code::closed, what + ": the actor has ended"};
    }
    case Code::refused:
      return {Code::refused, what + ": its mailbox is full and it waits for the asker in the end"};
    case Code::cancelled:
      return {Code::cancelled, what + ": the runtime is stopping"};
    default:
      return {Code::overloaded, what + ": its mailbox is full; ask less, or give it a larger one"};
  }
}

}  // namespace

Sent deliver(const Target& target, Envelope& envelope, const Deadline* until) {
  Cell* const cell = target.cell;
  if (cell == nullptr || !cell->is(target.number)) [[unlikely]] {
    if (cell != nullptr) {
      cell->system().count(Dropped::ended);  // not by the actor that has its place now
    }
    return Sent{Code::closed};
  }
  System& system = cell->system();
  const fiber::Worker* const worker = fiber::Worker::current();
  envelope.target = target.number;
  envelope.sent = ticks_of(worker != nullptr ? worker->now() : system.coarse_now());
  if (system.courier() != nullptr) [[unlikely]] {
    if (cell->accept(envelope, target)) {
      return Sent{};
    }
  } else if (cell->try_in(envelope)) [[likely]] {
    return Sent{};
  }
  return deliver_to_full(target, envelope, until, [&] { return cell->accept(envelope, target); });
}

Sent deliver_arrived(const Target& target, Envelope& envelope, Deadline until) {
  Cell& cell = *target.cell;
  if (!cell.is(target.number)) {
    cell.system().count(Dropped::ended);
    return Sent{Code::closed};
  }
  if (try_arrived(target, envelope)) {
    return Sent{};
  }
  return deliver_to_full(target, envelope, &until, [&] { return cell.try_in(envelope); });
}

bool try_arrived(const Target& target, Envelope& envelope) {
  envelope.target = target.number;
  envelope.sent = ticks_of(target.cell->system().coarse_now());
  return target.cell->try_in(envelope);
}

std::optional<Error> deliver_ask(const Target& target, Envelope& envelope, AnswerBase& answer,
                                 const Deadline* until) {
  if (target.cell == nullptr) {
    return Error{Code::closed, "ask: the handle is empty"};
  }
  Cell* const asker = Cell::current();
  Asking::begin(answer, asker, *target.cell,
                until != nullptr ? *until : target.cell->system().ask_deadline());
  const Deadline deadline{answer.deadline()};
  if (const Sent sent = deliver(target, envelope, &deadline); !sent) {
    return unsent_error(target, envelope, sent.code());
  }
  return std::nullopt;
}

std::optional<Error> ask_arrived(const Target& target, Envelope& envelope, AnswerBase& answer,
                                 Deadline until) {
  Asking::begin(answer, Cell::current(), *target.cell, until);
  if (const Sent sent = deliver_arrived(target, envelope, Deadline{answer.deadline()}); !sent) {
    return unsent_error(target, envelope, sent.code());
  }
  return std::nullopt;
}

std::optional<Error> ask(const Target& target, Envelope& envelope, AnswerBase& answer,
                         const Deadline* until) {
  const MessageType& type = *envelope.operations->type;
  Cell* const asker = Cell::current();
  if (asker != nullptr && target.cell != nullptr) {
    Asking::record(answer, asker);
    std::string cycle;
    // (A handle of an actor that has ended may name the place of another.)
    if (asker->wait_for(*target.cell, &cycle) && target.cell->is(target.number)) {
      asker->wait_no_more();
      discard_ask(envelope, answer);
      return Error{Code::refused, "ask " + target.cell->text() + " with " + std::string{type.name} +
                                      ": nobody would ever answer: " + cycle};
    }
  }
  if (auto error = deliver_ask(target, envelope, answer, until)) {
    if (asker != nullptr) {
      asker->wait_no_more();
    }
    discard_ask(envelope, answer);
    return error;
  }
  const auto outcome = asker != nullptr ? Asking::wait_on_fiber(answer)
                                        : Asking::wait(answer, target.cell->system().runtime());
  if (outcome == fiber::Waiter::Outcome::fired) [[likely]] {
    return std::nullopt;
  }
  if (asker != nullptr) {
    asker->wait_no_more();
  }
  Asking::forget(answer);
  Error error = error_of(outcome, "ask " + target.cell->text() + " with " + std::string{type.name});
  answer.release();
  return error;
}

RuntimeCore& runtime_of(const Target& target) {
  if (target.cell == nullptr) {
    throw Error{Code::closed, "the handle is empty"};
  }
  return target.cell->system().runtime();
}

ActorId id_of(const Target& target) {
  return {0, 0, target.number};
}

void stop(const Target& target) {
  tell_to_stop(target);
}

}  // namespace troupe::actor
