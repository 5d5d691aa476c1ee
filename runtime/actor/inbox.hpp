// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inbox: a mailbox that its owner reads, message by message, choosing which: in a function actor,
// or in a thread or loop of the user's own.
//
//   runtime.spawn_function<TickApi>([](troupe::Inbox<TickApi>& inbox) {
//     while (inbox.receive([](Tick tick) { … }, troupe::after(30s, [] { … }))) {}
//   });

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/actor_type.hpp"
#include "troupe/runtime/actor/after.hpp"
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/spawn.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

namespace actor {

// What a handler takes: the type of its first parameter.
template <class F>
struct ArgumentOf : ArgumentOf<decltype(&F::operator())> {};
template <class R, class C, class M, class... More>
struct ArgumentOf<R (C::*)(M, More...)> {
  using type = std::remove_cvref_t<M>;
};
template <class R, class C, class M, class... More>
struct ArgumentOf<R (C::*)(M, More...) const> {
  using type = std::remove_cvref_t<M>;
};
template <class R, class M, class... More>
struct ArgumentOf<R (*)(M, More...)> {
  using type = std::remove_cvref_t<M>;
};

// What the cell of an Inbox outside of an actor is: nothing handles its messages but the Inbox.
template <class P>
constexpr ActorType reader_type() {
  ActorType type{};
  type.name = "Inbox";
  type.alignment = 1;
  type.destroy = [](void* /*object*/) noexcept {};
  type.reads = true;
  if constexpr (kAllCross<P>) {
    type.remote = remote_messages<P>();
  }
  return type;
}
template <class P>
inline constexpr ActorType kReaderType = reader_type<P>();

// The mechanism of an Inbox, without its types.
class InboxBase {
 public:
  // Of the calling thread. `type`: of its place.
  InboxBase(RuntimeCore& runtime, const ActorType& type, const ActorOptions& options);
  explicit InboxBase(Context& context) noexcept;  // of the running actor
  InboxBase(const InboxBase&) = delete;
  InboxBase& operator=(const InboxBase&) = delete;
  ~InboxBase();

  Cell& cell() noexcept { return *cell_; }
  // The oldest message of one of the types, out of the mailbox, and which; null: there is none.
  Envelope* take(std::span<const MessageType* const> types, std::size_t& which) noexcept;
  // The oldest message of all.
  Envelope* take_any() noexcept;
  // Hears what the runtime has to tell, and takes no message: null.
  Envelope* hear() noexcept;
  // Waits until something comes that was not there at the last take. Errors: timed_out, cancelled,
  // closed (the actor is to end).
  Result<void> wait(Deadline until);
  // Around the handling of what was taken.
  AnswerBase* begin(Envelope& envelope) noexcept;
  void end(Envelope& envelope, const AnswerBase* answer) noexcept;
  void fail(Envelope& envelope, AnswerBase* answer) noexcept;  // the current exception
  // The code goes away with messages that may be left: ready_fd() is to say so.
  void leave() noexcept;
  int ready_fd() const;
  // Around a dispatch. end: false, something came meanwhile.
  void begin_dispatch() noexcept;
  bool end_dispatch() noexcept;

 private:
  bool is_wanted(Envelope& envelope) noexcept;

  Cell* const cell_;
  const bool owned_;
};

}  // namespace actor

// P: a Protocol. Its owner's thread, or actor, only; ref() gives the handle for others.
template <class P>
class Inbox final {
 public:
  // For the calling thread: what is sent to ref() waits here until the thread reads it. Throws
  // Error (overloaded, system).
  explicit Inbox(RuntimeCore& runtime, const ActorOptions& options = {})
      : base_(runtime, actor::kReaderType<P>, options), context_(base_.cell()) {}
  // For the library: of a function actor.
  explicit Inbox(Context& context) : base_(context), context_(context.cell()) {}

  Ref<P> ref() const { return Ref<P>{context_.target()}; }
  Context& context() noexcept { return context_; }

  // Waits for the oldest message that one of the handlers takes, and calls it: handler(M) or
  // handler(M, Context&); what it returns answers an ask. Messages that none takes stay, in their
  // order, for a later receive with other handlers. An after(time, action) among the handlers ends
  // the wait by calling the action, which is success too. A Down is a message like others. Errors:
  // cancelled (the runtime stops), closed (the actor was told to stop). What a handler throws goes
  // through.
  template <class... H>
  Result<void> receive(H... handlers) {
    Deadline until = forever;
    ((until = earlier(until, deadline_of(handlers))), ...);
    for (;;) {
      if (handle_one(handlers...)) {
        base_.leave();
        return {};
      }
      auto waited = base_.wait(until);
      if (!waited) {
        base_.leave();
        if (waited.error() == Code::timed_out && (call_after(handlers) || ...)) {
          return {};
        }
        return waited;
      }
    }
  }

  // Calls handlers for all that is there and matches, without waiting; returns how many. For a loop
  // of the program's own, when ready_fd() is readable.
  template <class... H>
  std::size_t dispatch(H... handlers) {
    std::size_t count = 0;
    base_.begin_dispatch();
    do {
      while (handle_one(handlers...)) {
        ++count;
      }
    } while (!base_.end_dispatch());
    return count;
  }
  // Readable while there is something that neither receive nor dispatch has looked at: for
  // wait_any, which asks for it each time. A loop that asks once, and keeps the descriptor, calls
  // dispatch. Throws Error (overloaded, system).
  int ready_fd() const { return base_.ready_fd(); }

 private:
  template <class H>
  static Deadline deadline_of(const H& handler) {
    if constexpr (actor::kIsAfter<H>) {
      return Deadline{handler.wait};
    } else {
      return forever;
    }
  }
  template <class H>
  static bool call_after(H& handler) {
    if constexpr (actor::kIsAfter<H>) {
      handler.action();
      return true;
    } else {
      return false;
    }
  }

  template <class H>
  static constexpr const actor::MessageType* type_of() {
    if constexpr (actor::kIsAfter<H>) {
      return nullptr;
    } else {
      using M = typename actor::ArgumentOf<H>::type;
      static_assert(actor::kAccepts<P, M> || std::same_as<M, Down>,
                    "the Inbox's Protocol has no signature for exactly this type");
      return &actor::kMessageType<M>;
    }
  }

  template <class... H>
  bool handle_one(H&... handlers) {
    constexpr std::array<const actor::MessageType*, sizeof...(H)> kTypes{type_of<H>()...};
    std::size_t which = 0;
    actor::Envelope* const envelope = base_.take(kTypes, which);
    if (envelope == nullptr) {
      return false;
    }
    actor::AnswerBase* const answer = base_.begin(*envelope);
    try {
      std::size_t index = 0;
      ((index++ == which ? call(handlers, *envelope, answer) : void()), ...);
    } catch (...) {
      base_.fail(*envelope, answer);
      throw;
    }
    base_.end(*envelope, answer);
    return true;
  }

  template <class H>
  void call(H& handler, actor::Envelope& envelope, actor::AnswerBase* answer) {
    if constexpr (!actor::kIsAfter<H>) {
      using M = typename actor::ArgumentOf<H>::type;
      const auto run = [&](M message) -> decltype(auto) {
        if constexpr (std::is_invocable_v<H&, M, Context&>) {
          return handler(std::move(message), context_);
        } else {
          return handler(std::move(message));
        }
      };
      using R = std::remove_cvref_t<decltype(run(std::declval<M>()))>;
      using T = typename actor::ReplyTo<R>::type;
      if constexpr (!std::same_as<M, Down>) {
        static_assert(actor::kAnswers<P, M, T>,
                      "the Protocol lists another reply for this message");
      }
      if (answer == nullptr) {
        static_cast<void>(run(std::move(static_cast<actor::Letter<M>&>(envelope).message)));
      } else if constexpr (std::is_void_v<R>) {
        run(actor::take_message<M>(envelope));
        static_cast<actor::Answer<void>&>(*answer).set({});
      } else {
        actor::give<T>(run(actor::take_message<M>(envelope)), *answer);
      }
    }
  }

  actor::InboxBase base_;
  Context context_;
};

namespace actor {

// The actor that a function is: it begins at once and ends when the function returns.
template <class P, class F, class... X>
class FunctionActor final {
 public:
  using Accepts = Protocol<>;
  using Reads = P;
  static constexpr bool kReads = true;  // its mailbox is read by an Inbox

  explicit FunctionActor(F body, X... arguments)
      : body_(std::move(body)), arguments_(std::move(arguments)...) {}

  void started(Context& context) {
    Inbox<P> inbox{context};
    std::apply([&](auto&... arguments) { body_(inbox, std::move(arguments)...); }, arguments_);
    context.stop();
  }

 private:
  F body_;
  std::tuple<X...> arguments_;
};

}  // namespace actor
}  // namespace troupe
