// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors that asks end with when their actor does not answer, and what a thrown thing says.

#include "troupe/base/error.hpp"
#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <string>

namespace troupe::actor {

class Cell;

// Of the exception that is being handled.
std::string text_of_current_exception();

// What an ask is told that was in the mailbox of an actor that ended, or was sent to one that had.
Error ended_error(const std::string& who, const Exit& reason);
// Who asked has given up, or its deadline has passed.
bool is_late(const AnswerBase& answer) noexcept;
Error late_error(const Cell& cell, const MessageType& type);
// The actor has no handler for it.
void refuse_unhandled(Cell& cell, Envelope& envelope, AnswerBase* answer);

}  // namespace troupe::actor
