// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an actor class handles, found by the compiler: `R handle(M)` or `R handle(M, Context&)`,
// where M matches exactly, by value or reference, never by conversion and without further
// parameters; and what ask gives for it.

#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/protocol.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace troupe {

template <class T>
class Promise;

namespace actor {

// Whether one of A's handle() is `R handle(P...)`, in those words: the address of an overload is
// found by its type alone, so no conversion of a message (through a constructor of std::optional,
// std::any, or of a base class) is taken for a handler of it.
template <class A, class R, class... P>
concept HasHandle = requires {
  static_cast<R (A::*)(P...)>(&A::handle);
}
|| requires {
  static_cast<R (A::*)(P...) const>(&A::handle);
}
|| requires {
  static_cast<R (A::*)(P...)&>(&A::handle);
}
|| requires {
  static_cast<R (A::*)(P...) const&>(&A::handle);
}
|| requires {
  static_cast<R (*)(P...)>(&A::handle);
};
// The handler that a call with M finds, which returns R, takes M itself: by value or reference.
template <class A, class R, class M, class... More>
concept HasHandleOf = HasHandle<A, R, M, More...> || HasHandle<A, R, const M&, More...> ||
    HasHandle<A, R, M&&, More...> || HasHandle<A, R, const M&&, More...>;

template <class A, class M>
concept HandlesAlone = requires(A& object) {
  object.handle(std::declval<M>());
  requires HasHandleOf<A, decltype(object.handle(std::declval<M>())), M>;
};
template <class A, class M>
concept HandlesInContext = requires(A& object, Context& context) {
  object.handle(std::declval<M>(), context);
  requires HasHandleOf<A, decltype(object.handle(std::declval<M>(), context)), M, Context&> ||
      HasHandleOf<A, decltype(object.handle(std::declval<M>(), context)), M, const Context&>;
};
template <class A, class M>
concept Handles = HandlesAlone<A, M> || HandlesInContext<A, M>;

template <class A, class M>
decltype(auto) call_handler(A& object, M&& message, Context& context) {
  if constexpr (HandlesInContext<A, M>) {
    return object.handle(std::forward<M>(message), context);
  } else {
    return object.handle(std::forward<M>(message));
  }
}

// What comes back from a handler's return type: itself, or what is in a Result or a Promise.
template <class R>
struct ReplyTo {
  using type = R;
};
template <class T>
struct ReplyTo<Result<T>> : ReplyTo<T> {};
template <class T>
struct ReplyTo<Promise<T>> {
  using type = T;
};

template <class A, class M>
struct ReplyOf {
  using type = NoReply;
};
template <class A, class M>
requires Handles<A, M>
struct ReplyOf<A, M> {
  using type = typename ReplyTo<std::remove_cvref_t<decltype(call_handler(
      std::declval<A&>(), std::declval<M>(), std::declval<Context&>()))>>::type;
};
template <class... Signatures, class M>
struct ReplyOf<Protocol<Signatures...>, M> {
  using type = typename ReplyTo<typename ProtocolReply<Protocol<Signatures...>, M>::type>::type;
};

template <class A, class M>
constexpr bool accepts() {
  if constexpr (kIsProtocol<A>) {
    return !std::same_as<typename ProtocolReply<A, M>::type, NoReply>;
  } else {
    return Handles<A, M>;
  }
}

// The same for assertions: compilers spell the arguments of a variable out, so the first line of
// the error names the actor and the message.
template <class A, class M>
inline constexpr bool kAccepts = accepts<A, M>();
// M can be made of what was given.
template <class M, class Given>
inline constexpr bool kCanBeSentAs = std::is_constructible_v<M, Given>;
// A handler of M may answer with T where P is spoken.
template <class P, class M, class T>
inline constexpr bool kAnswers = std::same_as<typename ReplyOf<P, M>::type, T>;

// Whether the message that is being handled was put aside.
bool was_stashed(const Context& context) noexcept;

// Gives what a handler returned to who asked.
template <class T, class R>
void give(R&& returned, AnswerBase& answer) {
  auto& its = static_cast<Answer<T>&>(answer);
  if constexpr (requires { returned.bind(its); }) {
    answer.defer();
    returned.bind(its);
  } else {
    its.set(std::forward<R>(returned));
  }
}

// The message of an ask moves out of its envelope, which is the asker's as soon as it is answered.
template <class M>
M take_message(Envelope& envelope) {
  auto& letter = static_cast<Letter<M>&>(envelope);
  struct Destroy {
    Envelope& envelope;
    ~Destroy() { Letter<M>::destroy(envelope); }
  };
  const Destroy destroy{envelope};
  return std::move(letter.message);
}

template <class A, class M>
void handle_question(A& its, Envelope& envelope, Context& context, AnswerBase& answer) {
  M message = take_message<M>(envelope);
  using R = std::remove_cvref_t<decltype(call_handler(its, std::move(message), context))>;
  if constexpr (std::is_void_v<R>) {
    call_handler(its, std::move(message), context);
    if (!was_stashed(context)) {
      static_cast<Answer<void>&>(answer).set({});
    }
  } else {
    auto returned = call_handler(its, std::move(message), context);
    if (!was_stashed(context)) {
      give<typename ReplyTo<R>::type>(std::move(returned), answer);
    }
  }
}

template <class A, class M>
void handle_letter(void* object, Envelope& envelope, Context& context, AnswerBase* answer) {
  if (answer != nullptr) {
    handle_question<A, M>(*static_cast<A*>(object), envelope, context, *answer);
  } else {
    static_cast<void>(call_handler(*static_cast<A*>(object),
                                   std::move(static_cast<Letter<M>&>(envelope).message), context));
  }
}

template <class A, class M>
constexpr Handle handle_of() {
  if constexpr (kIsProtocol<A> || !accepts<A, M>()) {  // the latter is an error that has been told
    return nullptr;
  } else {
    return &handle_letter<A, M>;
  }
}

}  // namespace actor

// What ask(M) gives of an actor class or Protocol A.
template <class A, class M>
using Reply = typename actor::ReplyOf<A, M>::type;

}  // namespace troupe
