// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/remote_message.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"

namespace troupe::actor {

std::optional<Error> tell(const Target& actor, Envelope& letter, Deadline until) {
  if (const Sent sent = deliver(actor, letter, &until); !sent) {
    discard(letter);
    return Error{sent.code(), "the actor does not take it"};
  }
  return std::nullopt;
}

bool try_tell(const Target& actor, Envelope& letter, std::optional<Error>& error) {
  Cell& cell = *actor.cell;
  if (cell.when_full() == WhenFull::wait && cell.system().courier() == nullptr &&
      cell.is(actor.number)) {
    letter.target = actor.number;
    letter.sent = ticks_of(cell.system().coarse_now());
    return cell.try_in(letter);
  }
  error = tell(actor, letter, Deadline::at_once());
  return true;
}

void ask(const Target& actor, const RemoteQuestion& question, Deadline until) {
  const auto& operations = *question.envelope->operations;
  if (auto error = deliver_ask(actor, *question.envelope, *question.answer, &until)) {
    operations.destroy(*question.envelope);
    question.answer->fail(*std::move(error));
  }
}

RemoteMessages remote_messages_of(const Target& actor) {
  const ActorType* const type = actor.cell->type();
  return type != nullptr ? type->remote : RemoteMessages{};
}

}  // namespace troupe::actor
