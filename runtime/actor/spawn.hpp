// SPDX-License-Identifier: Apache-2.0
#pragma once

// How an actor comes to be: what Runtime::spawn and Context::spawn come down to. Not for users.

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/actor_type.hpp"
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/sending.hpp"

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

class RuntimeCore;

namespace actor {

struct Interface;
class Remote;
class Seat;

// A place for an actor whose object is being made. Used up by ready() or failed().
class Spawning final {
 public:
  // `parent`: the actor whose child it becomes, or null. `options`: null for the usual.
  Spawning(RuntimeCore& runtime, const ActorType& type, const ActorOptions* options, Cell* parent);
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  // It takes the seat once it is there, and its parent monitors it from before its first message.
  void supervise(std::shared_ptr<Seat> seat, const Interface& its, int restarts);

  // The actor itself is elsewhere: its object stands for it here.
  void reach(std::shared_ptr<Remote> remote);

  void* memory() const noexcept { return memory_; }
  // The object is there: from now on it gets messages.
  Target ready() noexcept;
  // Its constructor threw the current exception: the actor has ended as failed.
  Target failed() noexcept;

 private:
  void settle(const Target& target, bool object_made) noexcept;

  Cell& cell_;
  void* memory_;
  Cell* const parent_;
  std::shared_ptr<Seat> seat_;  // null: nobody's
  const Interface* its_ = nullptr;
};

// clang 14 makes no aggregate from arguments in parentheses.
template <class A, class... X>
inline constexpr bool kCanBeMadeFrom = std::is_constructible_v<A, X...> ||
                                       requires(X&&... arguments) {
  A{std::forward<X>(arguments)...};
};

template <class A, class... X>
Target spawn(RuntimeCore& runtime, const ActorOptions* options, Cell* parent, X&&... arguments) {
  static_assert(std::is_class_v<A>, "an actor is a class with handle() overloads");
  static_assert(kCanBeMadeFrom<A, X...>, "the actor has no constructor for these arguments");
  Spawning spawning{runtime, kActorType<A>, options, parent};
  try {
    if constexpr (std::is_constructible_v<A, X...>) {
      ::new (spawning.memory()) A(std::forward<X>(arguments)...);
    } else {
      ::new (spawning.memory()) A{std::forward<X>(arguments)...};
    }
  } catch (...) {
    return spawning.failed();
  }
  return spawning.ready();
}

}  // namespace actor

template <class A, class... X>
Ref<A> Context::spawn(X&&... arguments) {
  return Ref<A>{actor::spawn<A>(runtime_of(*this), nullptr, &cell_, std::forward<X>(arguments)...)};
}

template <class A, class... X>
Ref<A> Context::spawn_with(ActorOptions options, X&&... arguments) {
  return Ref<A>{
      actor::spawn<A>(runtime_of(*this), &options, &cell_, std::forward<X>(arguments)...)};
}

}  // namespace troupe
