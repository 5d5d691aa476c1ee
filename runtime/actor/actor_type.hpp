// SPDX-License-Identifier: Apache-2.0
#pragma once

// ActorType: what the runtime knows of a class of actors. One constant for each class, made by the
// compiler.

#include "troupe/runtime/actor/down.hpp"
#include "troupe/runtime/actor/handlers.hpp"
#include "troupe/runtime/actor/remote_message.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace troupe::actor {

// One message of a protocol, for who knows only its type.
struct Accepted {
  const MessageType* type;
  Handle handle;
};

struct ActorType {
  std::string_view name;
  std::size_t size;
  std::size_t alignment;
  // Null where the class has none.
  void (*destroy)(void* object) noexcept;
  void (*started)(void* object, Context& context);
  void (*stopped)(void* object, Context& context, const Exit& reason);
  void (*down)(void* object, Context& context, Down&& down);
  std::span<const Accepted> accepts{};
  bool reads = false;  // its code takes messages out of the mailbox itself: an Inbox
  // How its messages cross to another node; empty: it is reached from here only.
  std::span<const RemoteMessage> remote{};

  // ---- of what stands for an actor elsewhere ----
  Handle forward = nullptr;  // takes every message
  // Instead of ending it: who tells it to stop means the other one.
  void (*told_to_stop)(void* object, Context& context, const Exit& reason) = nullptr;
};

template <class A, class M>
constexpr Accepted accepted() {
  static_assert(kAccepts<A, M>, "this actor's Accepts lists a message that it has no handle() for");
  return {&kMessageType<M>, handle_of<A, M>()};
}

template <class A, class P>
struct AcceptedOf;
template <class A, class... Signatures>
struct AcceptedOf<A, Protocol<Signatures...>> {
  static constexpr std::array<Accepted, sizeof...(Signatures)> kAll{
      accepted<A, typename SignatureOf<Signatures>::Message>()...};
};

template <class A>
constexpr std::span<const Accepted> accepted_by() {
  if constexpr (requires { typename A::Accepts; }) {
    return AcceptedOf<A, typename A::Accepts>::kAll;
  } else {
    return {};
  }
}

template <class A>
constexpr ActorType describe_actor() {
  ActorType type{};
  type.name = reflect::short_type_name<A>();
  type.size = sizeof(A);
  type.alignment = alignof(A);
  if constexpr (!std::is_trivially_destructible_v<A>) {
    type.destroy = [](void* object) noexcept { static_cast<A*>(object)->~A(); };
  }
  if constexpr (requires(A & object, Context & context) { object.started(context); }) {
    type.started = [](void* object, Context& context) {
      static_cast<A*>(object)->started(context);
    };
  }
  if constexpr (requires(A & object, Context & context, const Exit& reason) {
                  object.stopped(context, reason);
                }) {
    type.stopped = [](void* object, Context& context, const Exit& reason) {
      static_cast<A*>(object)->stopped(context, reason);
    };
  }
  if constexpr (Handles<A, Down>) {
    type.down = [](void* object, Context& context, Down&& down) {
      call_handler(*static_cast<A*>(object), std::move(down), context);
    };
  }
  type.accepts = accepted_by<A>();
  if constexpr (requires { typename A::Reads; }) {
    if constexpr (kAllCross<typename A::Reads>) {
      type.remote = remote_messages<typename A::Reads>();
    }
  } else if constexpr (kMayBeApart<A>) {
    type.remote = remote_messages<A>();
  }
  if constexpr (requires { A::kReads; }) {
    type.reads = A::kReads;
  }
  return type;
}

template <class A>
inline constexpr ActorType kActorType = describe_actor<A>();

}  // namespace troupe::actor
