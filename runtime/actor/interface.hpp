// SPDX-License-Identifier: Apache-2.0
#pragma once

// Interface: what an actor accepts and answers, as a value, for handles that learn only when they
// are used whom they reach: names, seats of supervised children, groups. Not for users.

#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/handlers.hpp"
#include "troupe/runtime/actor/protocol.hpp"
#include "troupe/serialization/names.hpp"

#include <array>
#include <span>
#include <string_view>

namespace troupe::actor {

struct AcceptedMessage {
  const MessageType* message;
  const MessageType* reply;
};

// One for each class and protocol: its address is the identity of a class.
struct Interface {
  std::string_view name;
  bool is_protocol;
  // Of a class: what its Accepts lists.
  std::span<const AcceptedMessage> messages;
};

template <class P>
struct MessagesOf;
template <class... Signatures>
struct MessagesOf<Protocol<Signatures...>> {
  static constexpr std::array<AcceptedMessage, sizeof...(Signatures)> kAll{AcceptedMessage{
      &kMessageType<typename SignatureOf<Signatures>::Message>,
      &kMessageType<typename ReplyTo<typename SignatureOf<Signatures>::Reply>::type>}...};
};

template <class A>
constexpr Interface interface_of() {
  Interface its{reflect::short_type_name<A>(), kIsProtocol<A>, {}};
  if constexpr (kIsProtocol<A>) {
    its.messages = MessagesOf<A>::kAll;
  } else if constexpr (requires { typename A::Accepts; }) {
    its.messages = MessagesOf<typename A::Accepts>::kAll;
  }
  return its;
}

template <class A>
inline constexpr Interface kInterface = interface_of<A>();

// Whether a handle for `wanted` may reach what `its` describes; if not, `missing` is the first
// message that it lacks, or answers with another type; null: no message is the reason, but that
// they are different classes.
inline bool covers(const Interface& its, const Interface& wanted,
                   const AcceptedMessage*& missing) noexcept {
  missing = nullptr;
  if (&its == &wanted) {
    return true;
  }
  for (const AcceptedMessage& each : wanted.messages) {
    bool found = false;
    for (const AcceptedMessage& other : its.messages) {
      found = found || (other.message == each.message && other.reply == each.reply);
    }
    if (!found) {
      missing = &each;
      return false;
    }
  }
  return wanted.is_protocol;
}

}  // namespace troupe::actor
