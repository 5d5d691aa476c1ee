// SPDX-License-Identifier: Apache-2.0
#pragma once

// How an envelope gets to an actor of this process: what the templates of Ref, Named and Group come
// down to. Not for users.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/actor_id.hpp"
#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/footprint.hpp"
#include "troupe/runtime/actor/handlers.hpp"
#include "troupe/runtime/actor/sent.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe::actor {

class Cell;

// One incarnation of an actor: the place, which is never given back while the runtime lives, and
// the number that it must still have.
struct Target {
  Cell* cell = nullptr;
  std::uint64_t number = 0;

  friend bool operator==(const Target&, const Target&) = default;
  friend auto operator<=>(const Target& a, const Target& b) noexcept {
    return a.number != b.number ? a.number <=> b.number
                                : reinterpret_cast<std::uintptr_t>(a.cell) <=>
                                      reinterpret_cast<std::uintptr_t>(b.cell);
  }
};

// Puts the envelope into the mailbox, as its owner chose for a full one. Waits until `until`; null:
// as long as the owner chose. What is not sent stays the caller's.
Sent deliver(const Target& target, Envelope& envelope, const Deadline* until);
// The same for an ask, which has a deadline (null: RuntimeOptions::ask_timeout). Returns why it was
// not sent; then the envelope is gone.
std::optional<Error> deliver_ask(const Target& target, Envelope& envelope, AnswerBase& answer,
                                 const Deadline* until);
// The same for what has come over a link: it has been on its way, so that no courier takes it.
Sent deliver_arrived(const Target& target, Envelope& envelope, Deadline until);
std::optional<Error> ask_arrived(const Target& target, Envelope& envelope, AnswerBase& answer,
                                 Deadline until);
// False: there is no room now, or its actor has ended; it stays the caller's.
bool try_arrived(const Target& target, Envelope& envelope);
// Delivers and waits. Nothing: the answer is there. An error: it is gone, or the answerer's.
std::optional<Error> ask(const Target& target, Envelope& envelope, AnswerBase& answer,
                         const Deadline* until);
RuntimeCore& runtime_of(const Target& target);  // throws Error (closed) for an empty one
ActorId id_of(const Target& target);
void stop(const Target& target);

template <class M, class T>
struct Question : Letter<M> {
  Answer<T> answer;

  template <class Given>
  Question(const Operations& its, Given&& given)
      : Letter<M>(its, std::forward<Given>(given)), answer(&free) {}

  static AnswerBase* answer_of(Envelope& envelope) noexcept {
    return &static_cast<Question&>(envelope).answer;
  }
  // The message is gone by then: its handler has run, or it was discarded.
  static void free(AnswerBase& base) noexcept {
    auto& answer = static_cast<Answer<T>&>(base);
    auto* const whole = reinterpret_cast<std::byte*>(&answer) - offset();
    answer.~Answer<T>();
    free_envelope(whole, sizeof(Question));
  }

 private:
  static std::size_t offset() noexcept {
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): raw memory
    alignas(Question) static std::byte place[sizeof(Question)];
    const auto* const question = reinterpret_cast<const Question*>(place);
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&question->answer) - place);
  }
};

template <class M>
constexpr auto footprint_of_letter() -> std::size_t (*)(const Envelope&) noexcept {
  if constexpr (!may_own_bytes<M>()) {
    return nullptr;
  } else {
    return [](const Envelope& envelope) noexcept {
      return footprint(static_cast<const Letter<M>&>(envelope).message);
    };
  }
}

template <class A, class M>
inline constexpr Operations kSend{handle_of<A, M>(),       &kMessageType<M>, &Letter<M>::message_of,
                                  &Letter<M>::destroy,     nullptr,          sizeof(Letter<M>),
                                  footprint_of_letter<M>()};
template <class A, class M>
inline constexpr Operations kAsk{handle_of<A, M>(),
                                 &kMessageType<M>,
                                 &Letter<M>::message_of,
                                 &Letter<M>::destroy,
                                 &Question<M, typename ReplyOf<A, M>::type>::answer_of,
                                 sizeof(Question<M, typename ReplyOf<A, M>::type>),
                                 footprint_of_letter<M>(),
                                 nullptr,
                                 &kMessageType<typename ReplyOf<A, M>::type>};

template <class L, class Given>
L& write(const Operations& operations, Given&& given) {
  static_assert(alignof(L) <= 64, "a message is aligned to 64 bytes at most");
  void* const memory = allocate_envelope(sizeof(L));
  if constexpr (std::is_nothrow_constructible_v<L, const Operations&, Given>) {
    return *::new (memory) L(operations, std::forward<Given>(given));
  } else {
    try {
      return *::new (memory) L(operations, std::forward<Given>(given));
    } catch (...) {
      free_envelope(memory, sizeof(L));
      throw;
    }
  }
}

// The message goes back to where it was moved from.
template <class M>
void give_back(M& place, M& message) {
  if constexpr (std::is_move_assignable_v<M>) {
    place = std::move(message);
  } else {
    std::destroy_at(&place);
    std::construct_at(&place, std::move(message));
  }
}

template <class A, class Given>
Sent send(const Target& target, Given&& message, const Deadline* until) {
  using M = std::remove_cvref_t<Given>;
  auto& letter = write<Letter<M>>(kSend<A, M>, std::forward<Given>(message));
  const Sent sent = deliver(target, letter, until);
  if (!sent) [[unlikely]] {
    if constexpr (!std::is_lvalue_reference_v<Given> &&
                  !std::is_const_v<std::remove_reference_t<Given>>) {
      give_back(message, letter.message);
    }
    discard(letter);
  }
  return sent;
}

template <class A, class M>
Result<typename ReplyOf<A, M>::type> ask(const Target& target, M& message, const Deadline* until) {
  using T = typename ReplyOf<A, M>::type;
  auto& question = write<Question<M, T>>(kAsk<A, M>, std::move(message));
  Answer<T>& answer = question.answer;
  if (auto error = ask(target, question, answer, until)) {
    return *std::move(error);
  }
  Result<T> result = answer.take();
  answer.release();
  return result;
}

}  // namespace troupe::actor
