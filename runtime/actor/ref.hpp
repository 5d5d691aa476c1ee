// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ref: a handle to one incarnation of an actor. A small value: copied freely, sent in messages of
// this process. Thread-safe. It does not keep the actor alive; when that has ended, sends are
// `closed` and asks say how it ended. (What follows restarts is Named.)

#include "troupe/runtime/actor/future.hpp"
#include "troupe/runtime/actor/sending.hpp"

namespace troupe {

namespace actor {

// Whether B accepts the signature's message and answers with the same type.
template <class B, class Signature>
constexpr bool answers() {
  using M = typename SignatureOf<Signature>::Message;
  if constexpr (accepts<B, M>()) {
    return std::same_as<typename ReplyOf<B, M>::type,
                        typename ReplyTo<typename SignatureOf<Signature>::Reply>::type>;
  } else {
    return false;
  }
}

template <class B, class P>
inline constexpr bool kCovers = false;
template <class B, class... Signatures>
inline constexpr bool kCovers<B, Protocol<Signatures...>> = (answers<B, Signatures>() && ...);

template <class B>
inline constexpr bool kListsMessages = kIsProtocol<B> || requires {
  typename B::Accepts;
};

}  // namespace actor

// A: an actor class, or a Protocol.
template <class A>
class Ref final {
 public:
  Ref() = default;  // empty: any use is `closed`
  // Of an actor class, or a protocol, to a subset of what it accepts.
  // NOLINTBEGIN(google-explicit-constructor): a narrower view of it
  template <class B>
  requires(!std::same_as<A, B> && actor::kCovers<B, A>) Ref(const Ref<B>& other)
  noexcept : target_(other.target()) {
    // NOLINTEND(google-explicit-constructor)
    static_assert(actor::kListsMessages<B>,
                  "to be reached through a Protocol, the actor class needs a line such as\n"
                  "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  }

  // Puts the message into the actor's mailbox. When that is full, what its owner chose happens: the
  // sender waits (MailboxOptions::wait, or until `until`; on a fiber others run meanwhile), or the
  // message is refused or dropped. Messages of one sender arrive in their order. A message that was
  // refused stays where it was moved from. See Sent for what can go wrong.
  template <class M>
  Sent send(M&& message) const {
    check_sent<M>();
    return actor::send<A>(target_, std::forward<M>(message), nullptr);
  }
  template <class M>
  Sent send(M&& message, Deadline until) const {
    check_sent<M>();
    return actor::send<A>(target_, std::forward<M>(message), &until);
  }

  // Sends and waits for what its handler returns: until RuntimeOptions::ask_timeout, or `until`; in
  // a handler, never longer than who asked it waits. Errors: what the handler returned as one;
  // failed (it threw); closed, disconnected (the actor ended before, or failed or was restarted);
  // timed_out; refused (the asked one waits for the asker, in the end); overloaded; cancelled.
  template <class M>
  Result<Reply<A, M>> ask(M message) const {
    check<M>();
    return actor::ask<A>(target_, message, nullptr);
  }
  template <class M>
  Result<Reply<A, M>> ask(M message, Deadline until) const {
    check<M>();
    return actor::ask<A>(target_, message, &until);
  }

  // The same without waiting for the answer; the deadline is for the handler to begin.
  template <class M>
  Future<Reply<A, M>> ask_async(M message) const {
    check<M>();
    return begin_ask(message, nullptr);
  }
  template <class M>
  Future<Reply<A, M>> ask_async(M message, Deadline until) const {
    check<M>();
    return begin_ask(message, &until);
  }

  // Ends it once the message that it handles now is done: what waits in its mailbox is dropped, and
  // who asked is told.
  void stop() const { actor::stop(target_); }

  ActorId id() const { return actor::id_of(target_); }
  explicit operator bool() const noexcept { return target_.cell != nullptr; }
  friend bool operator==(const Ref&, const Ref&) = default;
  friend auto operator<=>(const Ref&, const Ref&) = default;

  // For the library.
  explicit Ref(const actor::Target& target) noexcept : target_(target) {}
  const actor::Target& target() const noexcept { return target_; }

 private:
  template <class M>
  static constexpr void check() {
    static_assert(actor::kAccepts<A, M>,
                  "this actor accepts no such message: it has no handle() (or its Protocol no "
                  "signature) for exactly this type");
  }
  template <class Given>
  static constexpr void check_sent() {
    using M = std::remove_cvref_t<Given>;
    check<M>();
    static_assert(actor::kCanBeSentAs<M, Given>,
                  "this message cannot be copied: send(std::move(message))");
  }

  template <class M>
  Future<Reply<A, M>> begin_ask(M& message, const Deadline* until) const {
    using T = Reply<A, M>;
    if (target_.cell == nullptr) {
      return {};
    }
    auto& question = actor::write<actor::Question<M, T>>(actor::kAsk<A, M>, std::move(message));
    actor::Answer<T>& answer = question.answer;
    Future<T> future{actor::runtime_of(target_), answer};
    if (auto error = actor::deliver_ask(target_, question, answer, until)) {
      actor::Letter<M>::destroy(question);
      answer.set(*std::move(error));
    }
    return future;
  }

  actor::Target target_;
};

}  // namespace troupe
