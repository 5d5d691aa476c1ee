// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named: a handle that follows restarts: who is meant is looked up at each use. What a name means
// (Runtime::named, find), or a supervised child (Supervisor::add, child); what a class should hold
// of an actor that it goes on using. A small value: copied freely. Thread-safe.
//
// While nobody is there (between two incarnations, or before a name is taken):
// - send does not wait: `closed`, and the message stays with the sender;
// - ask waits for somebody to come, within its deadline, and then asks;
// - ask_async does not wait: its future has the error at once.
// A message goes to one incarnation only: what that had not begun when it ended is not given to its
// successor, and an ask in its mailbox ends as `disconnected`, saying that it was restarted.
// Whether to repeat it is the caller's to say.

#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/ref.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

class RuntimeCore;

namespace actor {

class Seat;

// A seat, or one incarnation; neither: empty.
struct Naming {
  std::shared_ptr<Seat> seat;
  Target target;

  friend bool operator==(const Naming&, const Naming&) = default;
};

// Who is there now. Errors: see Named::now.
Result<Target> holder_of(const Naming& naming, const Interface& wanted);
// Waits for somebody to be there. Errors: see Named::ask.
Result<Target> await_holder(const Naming& naming, const Interface& wanted, Deadline until);
// For a send, which is counted when nobody is there.
Sent find_holder(const Naming& naming, const Interface& wanted, Target& target);
// RuntimeOptions::ask_timeout from now.
Deadline usual_ask_deadline(const Naming& naming);
RuntimeCore& runtime_of(const Naming& naming);

Naming name(RuntimeCore& runtime, std::string_view name);
Result<void> register_name(RuntimeCore& runtime, std::string_view name, const Target& target,
                           const Interface& its);

// A seat of its own, under no name: who has the naming gives it to one actor after another.
Naming unnamed_seat(RuntimeCore& runtime, std::string text);
// Errors: closed (the actor has ended), exists (a living one has it).
Result<void> give_seat(const Naming& naming, const Target& target, const Interface& its);

}  // namespace actor

// A: an actor class, or a Protocol. One whose holder is of another class, or does not cover the
// protocol, is `refused` at use, and both are named.
template <class A>
class Named final {
 public:
  Named() = default;  // empty: any use is `closed`
  // That one incarnation, for ever.
  // NOLINTBEGIN(google-explicit-constructor): a Ref is one that never moves on
  template <class B>
  requires(std::same_as<A, B> || actor::kCovers<B, A>) Named(const Ref<B>& one)
      : naming_{nullptr, Ref<A>{one}.target()} {}
  // NOLINTEND(google-explicit-constructor)
  template <class B>
  requires(!std::same_as<A, B> && actor::kCovers<B, A>)
      Named(const Named<B>& other)  // NOLINT(google-explicit-constructor): a narrower view of it
      : naming_(other.naming()) {
    static_assert(actor::kListsMessages<B>,
                  "to be reached through a Protocol, the actor class needs a line such as\n"
                  "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  }

  // As Ref::send; also closed (nobody is there now), refused (who is does not cover A).
  template <class M>
  Sent send(M&& message) const {
    actor::Target target;
    const Sent found = actor::find_holder(naming_, actor::kInterface<A>, target);
    return found ? Ref<A>{target}.send(std::forward<M>(message)) : found;
  }
  template <class M>
  Sent send(M&& message, Deadline until) const {
    actor::Target target;
    const Sent found = actor::find_holder(naming_, actor::kInterface<A>, target);
    return found ? Ref<A>{target}.send(std::forward<M>(message), until) : found;
  }

  // As Ref::ask, once somebody is there. Also timed_out (nobody came), closed (nobody will come
  // any more), refused (who is there does not cover A).
  template <class M>
  Result<Reply<A, M>> ask(M message) const {
    return ask(std::move(message), actor::usual_ask_deadline(naming_));
  }
  template <class M>
  Result<Reply<A, M>> ask(M message, Deadline until) const {
    const Result<actor::Target> target = actor::await_holder(naming_, actor::kInterface<A>, until);
    if (!target) {
      return target.error();
    }
    return Ref<A>{*target}.ask(std::move(message), until);
  }

  // As Ref::ask_async. Where nobody is there, the future has the error of now().
  template <class M>
  Future<Reply<A, M>> ask_async(M message) const {
    return ask_async(std::move(message), actor::usual_ask_deadline(naming_));
  }
  template <class M>
  Future<Reply<A, M>> ask_async(M message, Deadline until) const {
    Result<actor::Target> target = actor::holder_of(naming_, actor::kInterface<A>);
    if (target) {
      return Ref<A>{*target}.ask_async(std::move(message), until);
    }
    if (!*this) {
      return {};
    }
    using T = Reply<A, M>;
    auto& question = actor::write<actor::Question<M, T>>(actor::kAsk<A, M>, std::move(message));
    actor::Answer<T>& answer = question.answer;
    Future<T> future{actor::runtime_of(naming_), answer};
    actor::Letter<M>::destroy(question);
    answer.set(target.error());
    return future;
  }

  // Who is there now. Errors: disconnected (it is being restarted), not_found (nobody has the
  // name), closed (nobody will come any more, or this is empty), refused (who is there does not
  // cover A).
  Result<Ref<A>> now() const {
    const Result<actor::Target> target = actor::holder_of(naming_, actor::kInterface<A>);
    if (!target) {
      return target.error();
    }
    return Ref<A>{*target};
  }

  explicit operator bool() const noexcept {
    return naming_.seat != nullptr || naming_.target.cell != nullptr;
  }
  friend bool operator==(const Named&, const Named&) = default;

  // For the library.
  explicit Named(actor::Naming naming) noexcept : naming_(std::move(naming)) {}
  const actor::Naming& naming() const noexcept { return naming_; }

 private:
  actor::Naming naming_;
};

}  // namespace troupe
