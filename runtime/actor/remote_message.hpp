// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the messages of a protocol come down to where the actor is in another process: how each is
// written and read, and its reply. One table for each actor class and protocol, made by the
// compiler. Not for users.
//
// A process actor and its proxy are of one build: they name a message by its index
// (docs/wire-protocol.md#process-actors). Nodes compare schemas (docs/wire-protocol.md#node-links).

#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/handlers.hpp"
#include "troupe/runtime/actor/remote_reply.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/schema.hpp"
#include "troupe/serialization/sendable.hpp"

#include <array>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe::actor {

// A question that came from elsewhere; its reply goes there by itself.
struct RemoteQuestion {
  Envelope* envelope;
  AnswerBase* answer;
};

struct RemoteMessage {
  const MessageType* type;
  const MessageType* reply;
  const Schema& (*schema)();
  const Schema& (*reply_schema)();

  // ---- where it is sent ----
  // What goes wrong is kept by the writer.
  void (*write)(Writer& writer, const Envelope& envelope);
  // Gives the reply that stands next, which may be no such thing, to who asked.
  void (*answer)(AnswerBase& answer, Reader& reader);

  // ---- where the actor is ----
  // Reads a message; it is the caller's. Errors: malformed.
  Result<Envelope*> (*letter)(Reader& reader, Receipt receipt);
  // Reads one that asks. Nothing: it was malformed, and the slot was told so.
  std::optional<RemoteQuestion> (*question)(Reader& reader, const ReplySlot& slot);
};

using RemoteMessages = std::span<const RemoteMessage>;

// Puts a letter into the mailbox of `actor`; waits while that is full, if its owner chose so.
// Returns why it is not there; then it is gone.
std::optional<Error> tell(const Target& actor, Envelope& letter, Deadline until);
// False: the mailbox is full, and its owner chose that senders wait. Otherwise as tell().
bool try_tell(const Target& actor, Envelope& letter, std::optional<Error>& error);
// Puts a question there, or answers it with why not. Waits as tell() does.
void ask(const Target& actor, const RemoteQuestion& question, Deadline until);
// False, as try_tell(): it stays the caller's.
bool try_ask(const Target& actor, const RemoteQuestion& question, Deadline until);

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
Result<Envelope*> letter_from_elsewhere(Reader& reader, Receipt receipt) {
  Result<M> message = reader.value<M>();
  if (!message) {
    return message.error();
  }
  auto& letter = write<RemoteLetter<M>>(kTellFromElsewhere<A, M>, *std::move(message));
  letter.receipt = std::move(receipt);
  return &letter;
}

template <class A, class M, class T>
std::optional<RemoteQuestion> question_from_elsewhere(Reader& reader, const ReplySlot& slot) {
  Result<M> message = reader.value<M>();
  if (!message) {
    slot.fail(message.error());
    return std::nullopt;
  }
  auto& question = write<Question<M, T>>(kAsk<A, M>, *std::move(message));
  Answer<T>& answer = question.answer;
  slot.expect(answer);
  answer.when_ready([&answer, slot] {
    if (!slot.claim()) {
      return;
    }
    Result<T> reply = answer.take();
    answer.release();
    if (!reply.has_value()) {
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
  return RemoteQuestion{&question, &answer};
}

// A reply without a value has a schema too.
template <class T>
const Schema& schema_of_reply() {
  if constexpr (std::is_void_v<T>) {
    return schema<std::monostate>();
  } else {
    return schema<T>();
  }
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
    return {&kMessageType<M>,
            &kMessageType<T>,
            &schema<M>,
            &schema_of_reply<T>,
            &write_remote<M>,
            &answer_remote<T>,
            &letter_from_elsewhere<A, M>,
            &question_from_elsewhere<A, M, T>};
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

// A: a class with its Accepts, or a Protocol.
template <class A>
constexpr RemoteMessages remote_messages() {
  if constexpr (kIsProtocol<A>) {
    return RemoteMessagesOf<A, A>::kAll;
  } else {
    return RemoteMessagesOf<A, typename A::Accepts>::kAll;
  }
}

// The same; nothing where they do not all cross.
template <class A>
constexpr RemoteMessages crossing_messages() {
  if constexpr (kIsProtocol<A>) {
    if constexpr (kAllCross<A>) {
      return remote_messages<A>();
    } else {
      return {};
    }
  } else if constexpr (kMayBeApart<A>) {
    return remote_messages<A>();
  } else {
    return {};
  }
}

// How the messages of the actor cross; empty where they do not.
RemoteMessages remote_messages_of(const Target& actor);

}  // namespace troupe::actor
