// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/failure.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <exception>

namespace troupe::actor {

std::string text_of_current_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception was thrown";
  }
}

Error ended_error(const std::string& who, const Exit& reason) {
  switch (reason.kind) {
    case Exit::Kind::normal:
      return {Code::closed, "ask " + who + ": it has ended"};
    case Exit::Kind::restarted:
      return {Code::disconnected,
              "ask " + who +
                  ": it was restarted before it took the message; ask its Named, which "
                  "follows restarts"};
    default:
      return {Code::disconnected,
              "ask " + who + ": it ended before it took the message: " + Exit{reason}.text()};
  }
}

bool is_late(const AnswerBase& answer) noexcept {
  if (answer.unwanted()) {
    return true;
  }
  const fiber::Scheduler* const scheduler = fiber::Scheduler::current();
  return answer.deadline() != Instant::max() && scheduler != nullptr &&
         scheduler->recent_now() > answer.deadline();
}

Error late_error(const Cell& cell, const MessageType& type) {
  return {Code::timed_out, "ask " + cell.text() + ": " + std::string{type.name} +
                               " waited in its mailbox until its deadline had passed"};
}

void refuse_unhandled(Cell& cell, Envelope& envelope, AnswerBase* answer) {
  const std::string what =
      cell.text() + " has no handle() for " + std::string{envelope.operations->type->name};
  cell.system().count(Dropped::unhandled);
  cell.count_drop();
  cell.system().log_refusal(cell, what);
  if (answer != nullptr) {
    envelope.operations->destroy(envelope);
    answer->fail(Error{Code::refused, what + ", or its Accepts does not list it"});
  } else {
    discard(envelope);
  }
}

}  // namespace troupe::actor
