// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a type can be a message, and if not, a compiler error whose first lines name the struct,
// the member and its type, and say what to do:
//   cannot_be_sent<app::Row, member<"callback">, std::function<void()>>
// To be asked before anything else is instantiated, so that no other error comes first.

#include "troupe/serialization/problem.hpp"

namespace troupe::wire {

template <class... Named>
inline constexpr bool cannot_be_sent = true;  // NOLINT(readability-identifier-naming)
template <class... Named>
inline constexpr bool cannot_be_received = true;  // NOLINT(readability-identifier-naming)

template <Problem What, class... Named>
consteval void explain_sending() {
  if constexpr (What == Problem::reference) {
    static_assert(!cannot_be_sent<Named...>,
                  "a reference means nothing in another process: make the member a value");
  } else if constexpr (What == Problem::pointer) {
    static_assert(!cannot_be_sent<Named...>,
                  "a pointer means nothing in another process: send a value, or std::optional, "
                  "std::unique_ptr or std::vector of it");
  } else if constexpr (What == Problem::shared_pointer) {
    static_assert(!cannot_be_sent<Named...>,
                  "sharing ends at the process: send the value, or std::unique_ptr of it");
  } else if constexpr (What == Problem::c_array) {
    static_assert(!cannot_be_sent<Named...>,
                  "a C array is not sent: make it std::array or std::vector");
  } else if constexpr (What == Problem::callable) {
    static_assert(!cannot_be_sent<Named...>,
                  "a function is not sent in a message: send what it needs as values, or a "
                  "troupe::task by name");
  } else if constexpr (What == Problem::number) {
    static_assert(!cannot_be_sent<Named...>,
                  "there is no wire form for this number: use a standard integer, float or double");
  } else if constexpr (What == Problem::nil_twice) {
    static_assert(!cannot_be_sent<Named...>,
                  "an optional of what may itself be empty: on the wire both would be nil; leave "
                  "one of the two out");
  } else if constexpr (What == Problem::msgpack_missing) {
    static_assert(!cannot_be_sent<Named...>,
                  "a type with MSGPACK_DEFINE: include <msgpack.hpp> and "
                  "\"troupe/serialization/msgpack_define.hpp\" before it is sent");
  } else if constexpr (What == Problem::base_class) {
    static_assert(!cannot_be_sent<Named...>,
                  "a struct with a base class: make the base a member, or write a troupe::Codec "
                  "for the struct");
  } else if constexpr (What == Problem::too_many_members) {
    static_assert(!cannot_be_sent<Named...>,
                  "a struct has at most 32 members: put some into a struct of their own");
  } else if constexpr (What == Problem::unknown_members) {
    static_assert(!cannot_be_sent<Named...>,
                  "the members cannot be counted (one is a reference, or is made only explicitly): "
                  "write a troupe::Codec");
  } else if constexpr (What == Problem::bit_field) {
    static_assert(!cannot_be_sent<Named...>,
                  "a struct with a bit-field: make it a whole integer or bool");
  } else if constexpr (What == Problem::not_plain) {
    static_assert(!cannot_be_sent<Named...>,
                  "neither a plain struct (no constructors, nothing private) nor a type troupe "
                  "knows: write a troupe::Codec for it");
  }
}

template <Problem What, class... Named>
consteval void explain_receiving() {
  if constexpr (What == Problem::view) {
    static_assert(!cannot_be_received<Named...>,
                  "a view has nowhere to keep what arrives: receive std::string, std::vector or "
                  "troupe::Buffer");
  } else if constexpr (What == Problem::no_default) {
    static_assert(!cannot_be_received<Named...>,
                  "what is received is made empty first: give it a default constructor");
  } else if constexpr (What == Problem::constant) {
    static_assert(!cannot_be_received<Named...>,
                  "what is received is assigned to: no const members");
  } else {
    explain_sending<What, Named...>();
  }
}

template <Direction Way, Problem What, class... Named>
consteval bool passes(Found<What, Named...>) {
  if constexpr (What == Problem::none) {
    return true;
  } else if constexpr (Way == Direction::out) {
    explain_sending<What, Named...>();
    return false;
  } else {
    explain_receiving<What, Named...>();
    return false;
  }
}

}  // namespace troupe::wire

namespace troupe {

// Whether a T can be encoded, and decoded, without an error where it cannot.
// NOLINTBEGIN(readability-identifier-naming): questions, like the standard's traits
template <class T>
inline constexpr bool can_be_sent =
    decltype(wire::first_problem<T, wire::Direction::out>())::kWhat == wire::Problem::none;
template <class T>
inline constexpr bool can_be_received =
    decltype(wire::first_problem<T, wire::Direction::in>())::kWhat == wire::Problem::none;
// NOLINTEND(readability-identifier-naming)

// The same, with the error. For whoever takes message types: if constexpr (check_sendable<T>()) {
// ... }
template <class T>
consteval bool check_sendable() {
  return wire::passes<wire::Direction::out>(wire::first_problem<T, wire::Direction::out>());
}
template <class T>
consteval bool check_receivable() {
  return wire::passes<wire::Direction::in>(wire::first_problem<T, wire::Direction::in>());
}

}  // namespace troupe
