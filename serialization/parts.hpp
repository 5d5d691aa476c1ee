// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a type is made of: the element types of containers, the alternatives of variants, the
// members of structs. For questions about a whole type that are answered when compiling.

#include "troupe/serialization/members.hpp"
#include "troupe/serialization/shape.hpp"

#include <type_traits>
#include <utility>

namespace troupe::wire {

template <class T, Shape = shape_of<T>()>
struct Parts {
  using Types = reflect::TypeList<>;
};

template <class T>
struct ElementOf {
  using Types = reflect::TypeList<std::remove_cv_t<typename T::value_type>>;
};
template <class T>
struct Parts<T, Shape::optional> : ElementOf<T> {};
template <class T>
struct Parts<T, Shape::fixed_array> : ElementOf<T> {};
template <class T>
struct Parts<T, Shape::sequence> : ElementOf<T> {};
template <class T>
struct Parts<T, Shape::forward_sequence> : ElementOf<T> {};
template <class T>
struct Parts<T, Shape::set> : ElementOf<T> {};
template <class T>
struct Parts<T, Shape::pointer> {
  using Types = reflect::TypeList<std::remove_cv_t<typename T::element_type>>;
};
template <class T>
struct Parts<T, Shape::map> {
  using Types = reflect::TypeList<typename T::key_type, typename T::mapped_type>;
};

// A tuple of references is sent as what they refer to: std::tie, std::forward_as_tuple.
template <template <class...> class Template, class... Part>
struct ArgumentsOf {
  using Types = reflect::TypeList<std::remove_cvref_t<Part>...>;
};
template <class T>
struct Parts<T, Shape::multimap> {
  using Types = reflect::TypeList<std::pair<typename T::key_type, typename T::mapped_type>>;
};
template <template <class...> class Template, class... Part>
struct Parts<Template<Part...>, Shape::variant> : ArgumentsOf<Template, Part...> {};
template <template <class...> class Template, class... Part>
struct Parts<Template<Part...>, Shape::tuple> : ArgumentsOf<Template, Part...> {};

template <class T>
struct Parts<T, Shape::aggregate> {
  using Types = reflect::MemberTypes<T>;
};

template <class T>
using PartsOf = typename Parts<T>::Types;

template <class T, class... List>
inline constexpr bool kIsOneOf = (std::is_same_v<T, List> || ...);

// `Seen` are the structs that we are inside of: a tree holds itself.
template <class T, class... Seen>
consteval bool carries_fds_in() {
  if constexpr (kIsOneOf<T, Seen...>) {
    return false;
  } else if constexpr (shape_of<T>() == Shape::custom) {
    if constexpr (requires { Codec<T>::kCarriesFds; }) {
      return Codec<T>::kCarriesFds;
    } else {
      return false;
    }
  } else {
    return shape_of<T>() == Shape::descriptor || []<class... Part>(reflect::TypeList<Part...>) {
      return (carries_fds_in<Part, T, Seen...>() || ...);
    }(PartsOf<T>{});
  }
}

}  // namespace troupe::wire

namespace troupe {

// Whether a message of T may hold file descriptors: such a type is refused when it is opened over a
// transport that cannot carry them.
template <class T>
// NOLINTNEXTLINE(readability-identifier-naming): a question, like the standard's traits
inline constexpr bool carries_fds = wire::carries_fds_in<std::remove_cvref_t<T>>();

}  // namespace troupe
