// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/remote_message.hpp"

#include "troupe/runtime/actor/internal/asking.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"

namespace troupe::actor {
namespace {

bool senders_wait(const Target& actor) {
  return actor.cell->when_full() == WhenFull::wait && actor.cell->is(actor.number);
}

}  // namespace

std::optional<Error> tell(const Target& actor, Envelope& letter, Deadline until) {
  if (const Sent sent = deliver_arrived(actor, letter, until); !sent) {
    discard(letter);
    return Error{sent.code(), "the actor does not take it"};
  }
  return std::nullopt;
}

bool try_tell(const Target& actor, Envelope& letter, std::optional<Error>& error) {
  if (senders_wait(actor)) {
    return try_arrived(actor, letter);
  }
  error = tell(actor, letter, Deadline::at_once());
  return true;
}

void ask(const Target& actor, const RemoteQuestion& question, Deadline until) {
  const auto& operations = *question.envelope->operations;
  if (auto error = ask_arrived(actor, *question.envelope, *question.answer, until)) {
    operations.destroy(*question.envelope);
    question.answer->fail(*std::move(error));
  }
}

bool try_ask(const Target& actor, const RemoteQuestion& question, Deadline until) {
  if (senders_wait(actor)) {
    Asking::begin(*question.answer, Cell::current(), *actor.cell, until);
    return try_arrived(actor, *question.envelope);
  }
  ask(actor, question, until);
  return true;
}

RemoteMessages remote_messages_of(const Target& actor) {
  const ActorType* const type = actor.cell->type();
  return type != nullptr ? type->remote : RemoteMessages{};
}

}  // namespace troupe::actor
