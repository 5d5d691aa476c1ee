// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the messages of a protocol come down to where the actor is in another process: how each is
// written and read, and its reply. One table for each actor class, made by the compiler; a message
// is named by its index there, so both sides are of one build. docs/wire-protocol.md#process-actors
// has the bytes. Not for users.

#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/handlers.hpp"
#include "troupe/runtime/actor/remote_reply.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/sendable.hpp"

#include <array>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace troupe::actor {

struct RemoteMessage {
  const MessageType* type;

  // ---- where it is sent ----
  // What goes wrong is kept by the writer.
  void (*write)(Writer& writer, const Envelope& envelope);
  // Gives the reply that stands next, which may be no such thing, to who asked.
  void (*answer)(AnswerBase& answer, Reader& reader);

  // ---- where the actor is ----
  // Reads the message and puts it into the mailbox of `actor`. Errors: malformed, and why it was
  // not put there.
  std::optional<Error> (*tell)(const Target& actor, Reader& reader, Receipt receipt);
  // The same; the reply follows, whatever becomes of it.
  void (*ask)(const Target& actor, Reader& reader, Deadline until, ReplySlot slot);
};

// A message from elsewhere: says when it is done with.
template <class M>
struct RemoteLetter : Letter<M> {
  Receipt receipt;

  template <class Given>
  RemoteLetter(const Operations& its, Given&& given) : Letter<M>(its, std::forward<Given>(given)) {}

  static void destroy(Envelope& envelope) noexcept {
    auto& letter = static_cast<RemoteLetter&>(envelope);
    Letter<M>::destroy(envelope);
    letter.receipt.~Receipt();
  }
};

template <class A, class M>
inline constexpr Operations kTellFromElsewhere{
    handle_of<A, M>(), &kMessageType<M>,        &Letter<M>::message_of,  &RemoteLetter<M>::destroy,
    nullptr,           sizeof(RemoteLetter<M>), footprint_of_letter<M>()};

template <class M>
void write_remote(Writer& writer, const Envelope& envelope) {
  writer.value(static_cast<const Letter<M>&>(envelope).message);
}

template <class T>
void answer_remote(AnswerBase& answer, Reader& reader) {
  auto& its = static_cast<Answer<T>&>(answer);
  if constexpr (std::is_void_v<T>) {
    its.set(Result<void>{});
  } else {
    its.set(reader.value<T>());
  }
}

template <class A, class M>
std::optional<Error> tell_from_elsewhere(const Target& actor, Reader& reader, Receipt receipt) {
  Result<M> message = reader.value<M>();
  if (!message) {
    return message.error();
  }
  auto& letter = write<RemoteLetter<M>>(kTellFromElsewhere<A, M>, *std::move(message));
  letter.receipt = std::move(receipt);
  if (const Sent sent = deliver(actor, letter, nullptr); !sent) {
    discard(letter);
    return Error{sent.code(), "the actor does not take it"};
  }
  return std::nullopt;
}

template <class A, class M, class T>
void ask_from_elsewhere(const Target& actor, Reader& reader, Deadline until, ReplySlot slot) {
  Result<M> message = reader.value<M>();
  if (!message) {
    slot.fail(message.error());
    return;
  }
  auto& question = write<Question<M, T>>(kAsk<A, M>, *std::move(message));
  Answer<T>& answer = question.answer;
  if (const auto error = deliver_ask(actor, question, answer, &until)) {
    Letter<M>::destroy(question);
    answer.set(*error);
  }
  slot.expect(answer);
  answer.when_ready([&answer, slot = std::move(slot)]() mutable {
    if (!slot.claim()) {
      return;
    }
    Result<T> reply = answer.take();
    answer.release();
    if (!reply) {
      slot.fail(reply.error());
      return;
    }
    slot.give([&reply](Writer& writer) {
      static_cast<void>(reply);
      if constexpr (!std::is_void_v<T>) {
        writer.value(*reply);
      }
    });
  });
}

// With the error where it does not.
template <class T>
consteval bool check_crosses() {
  if constexpr (std::is_void_v<T>) {
    return true;
  } else {
    return check_sendable<T>() && check_receivable<T>();
  }
}

template <class A, class Signature>
consteval RemoteMessage remote_message() {
  using M = typename SignatureOf<Signature>::Message;
  using T = typename ReplyTo<typename SignatureOf<Signature>::Reply>::type;
  static_assert(kAccepts<A, M>, "this actor's Accepts lists a message that it has no handle() for");
  if constexpr (check_crosses<M>() && check_crosses<T>()) {
    return {&kMessageType<M>, &write_remote<M>, &answer_remote<T>, &tell_from_elsewhere<A, M>,
            &ask_from_elsewhere<A, M, T>};
  } else {
    return {};
  }
}

template <class A, class P>
struct RemoteMessagesOf;
template <class A, class... Signatures>
struct RemoteMessagesOf<A, Protocol<Signatures...>> {
  static constexpr std::array<RemoteMessage, sizeof...(Signatures)> kAll{
      remote_message<A, Signatures>()...};
};

// Whether an actor class and its arguments can be in another process: without an error where not.
template <class Signature>
inline constexpr bool kCrosses = [] {
  using M = typename SignatureOf<Signature>::Message;
  using T = typename ReplyTo<typename SignatureOf<Signature>::Reply>::type;
  if constexpr (std::is_void_v<T>) {
    return can_be_sent<M> && can_be_received<M>;
  } else {
    return can_be_sent<M> && can_be_received<M> && can_be_sent<T> && can_be_received<T>;
  }
}();
template <class P>
inline constexpr bool kAllCross = false;
template <class... Signatures>
inline constexpr bool kAllCross<Protocol<Signatures...>> = (kCrosses<Signatures> && ...);
template <class A, class... X>
constexpr bool may_be_apart() {
  if constexpr (requires { typename A::Accepts; }) {
    return kAllCross<typename A::Accepts> && ((can_be_sent<X> && can_be_received<X>)&&...);
  } else {
    return false;
  }
}
template <class A, class... X>
inline constexpr bool kMayBeApart = may_be_apart<A, X...>();

using RemoteMessages = std::span<const RemoteMessage>;

template <class A>
constexpr RemoteMessages remote_messages() {
  return RemoteMessagesOf<A, typename A::Accepts>::kAll;
}

}  // namespace troupe::actor
