// SPDX-License-Identifier: Apache-2.0
#pragma once

// What keeps a type from being a message: the first problem in it, and in which member of which
// struct. Answers when compiling, without an error; sendable.hpp makes it one.

#include "troupe/serialization/members.hpp"
#include "troupe/serialization/names.hpp"
#include "troupe/serialization/parts.hpp"
#include "troupe/serialization/shape.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe::wire {

enum class Direction : std::uint8_t { out, in };

enum class Problem : std::uint8_t {
  none,
  reference,
  pointer,
  shared_pointer,
  c_array,
  callable,
  view,
  number,
  nil_twice,
  msgpack_missing,
  no_default,
  constant,
  base_class,
  too_many_members,
  unknown_members,
  bit_field,
  not_plain,
};

// ---- Of a struct ----

template <class Base, class T>
concept BaseOf = std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>;

// Converts to a base of T only.
template <class T>
struct AnyBaseOf {
  template <BaseOf<T> Base>
  operator Base() const;  // NOLINT(google-explicit-constructor): that is what it is for
};

template <auto>
struct Constant;

// A bit-field has no address; one is enough to leave places() without an answer.
template <class T>
consteval bool has_bit_field() {
  if constexpr (reflect::kMemberCount<T> == 0) {
    return false;
  } else {
    return !requires {
      typename Constant<reflect::Place{std::get<0>(reflect::places<T>())}>;
    };
  }
}

template <class T>
consteval Problem problem_of_struct() {
  constexpr std::size_t kCount = reflect::kMemberCount<T>;
  if constexpr (requires { T{AnyBaseOf<T>{}}; }) {
    return Problem::base_class;
  } else if constexpr (kCount == reflect::kUnknownMembers) {
    return Problem::unknown_members;
  } else if constexpr (kCount == reflect::kTooManyMembers) {
    return Problem::too_many_members;
  } else if constexpr (has_bit_field<T>()) {
    return Problem::bit_field;
  } else {
    return Problem::none;
  }
}

// ---- Of any type ----

// What may be nil itself, and so cannot be told from an optional that is empty.
template <class T>
consteval bool may_be_nil() {
  constexpr Shape kShape = shape_of<T>();
  return kShape == Shape::optional || kShape == Shape::pointer || kShape == Shape::nil ||
         kShape == Shape::descriptor;
}

template <class T>
consteval Problem problem_of_unsendable() {
  if constexpr (std::is_reference_v<T>) {
    return Problem::reference;
  } else if constexpr (std::is_array_v<T>) {
    return Problem::c_array;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return Problem::number;
  } else if constexpr (kIs<T, std::shared_ptr> || kIs<T, std::weak_ptr>) {
    return Problem::shared_pointer;
  } else if constexpr (!std::is_class_v<T> || kIs<T, std::unique_ptr>) {
    return Problem::pointer;
  } else if constexpr (requires { &T::operator(); }) {
    return Problem::callable;
  } else {
    return Problem::not_plain;
  }
}

template <class T>
consteval Problem problem_of_receiving() {
  if constexpr (TextView<T> || kIsSpan<T>) {
    return Problem::view;
  } else if constexpr (!std::is_default_constructible_v<T>) {
    return Problem::no_default;
  } else if constexpr (!std::is_move_assignable_v<T>) {
    return Problem::constant;
  } else {
    return Problem::none;
  }
}

// Of T alone, without what it is made of.
template <class T, Direction Way>
consteval Problem problem_of() {
  constexpr Shape kShape = shape_of<T>();
  Problem problem = Problem::none;
  if constexpr (kShape == Shape::unsendable) {
    problem = problem_of_unsendable<T>();
  } else if constexpr (kShape == Shape::optional) {
    problem = may_be_nil<typename T::value_type>() ? Problem::nil_twice : Problem::none;
  } else if constexpr (kShape == Shape::msgpack_define) {
    problem = requires {
      sizeof(MsgpackDefined<T>);
    }
    ? Problem::none : Problem::msgpack_missing;
  } else if constexpr (kShape == Shape::aggregate) {
    problem = problem_of_struct<T>();
  }
  if constexpr (Way == Direction::in && kShape != Shape::unsendable) {
    return problem == Problem::none ? problem_of_receiving<T>() : problem;
  } else {
    return problem;
  }
}

// ---- The first problem in a type and all it is made of ----

// Named: the type; or the struct, the member and the member's type.
template <Problem What, class... Named>
struct Found {
  static constexpr Problem kWhat = What;
  static constexpr bool kHasMember = sizeof...(Named) > 1;
};

// The name of a member in a compiler error. g++ shows an array of characters as text, clang an
// address as the name of what is there.
#ifdef __clang__
template <auto Name>
struct member {};  // NOLINT(readability-identifier-naming): it is read in a sentence
template <class T, std::size_t Index>
using MemberName = member<reflect::Place{std::get<Index>(reflect::places<T>())}>;
#else
template <std::size_t Size>
struct Characters {
  char text[Size] = {};  // NOLINT(modernize-avoid-c-arrays): shown by the compiler as a string
};
template <class T, std::size_t Index>
consteval auto characters_of_member() {
  constexpr std::string_view kName = reflect::kMemberNames<T>[Index];
  Characters<kName.size() + 1> name;
  std::copy(kName.begin(), kName.end(), name.text);
  return name;
}
template <Characters Name>
struct member {};
template <class T, std::size_t Index>
using MemberName = member<characters_of_member<T, Index>()>;
#endif

template <class T, std::size_t Index, Problem What, class... Named>
consteval auto in_member(Found<What, Named...> found) {
  if constexpr (What == Problem::none || found.kHasMember) {
    return found;
  } else {
    return Found<What, T, MemberName<T, Index>, Named...>{};
  }
}

template <class T, Direction Way, class... Seen>
consteval auto first_problem();

template <class T, Direction Way, std::size_t Index, class... Seen, class First, class... Rest>
consteval auto first_problem_of(reflect::TypeList<First, Rest...>) {
  using Result = decltype(first_problem<First, Way, T, Seen...>());
  if constexpr (Result::kWhat == Problem::none && sizeof...(Rest) != 0) {
    return first_problem_of<T, Way, Index + 1, Seen...>(reflect::TypeList<Rest...>{});
  } else if constexpr (shape_of<T>() == Shape::aggregate) {
    return in_member<T, Index>(Result{});
  } else {
    return Result{};
  }
}

template <class T, Direction Way, class... Seen>
consteval auto first_problem() {
  if constexpr (kIsOneOf<T, Seen...>) {
    return Found<Problem::none>{};
  } else {
    constexpr Problem kOwn = problem_of<T, Way>();
    if constexpr (kOwn != Problem::none) {
      return Found<kOwn, T>{};
    } else if constexpr (std::is_same_v<PartsOf<T>, reflect::TypeList<>>) {
      return Found<Problem::none>{};
    } else {
      return first_problem_of<T, Way, 0, Seen...>(PartsOf<T>{});
    }
  }
}

}  // namespace troupe::wire
