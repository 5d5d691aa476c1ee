// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of types and of the members of aggregates, as the compiler spells them in
// __PRETTY_FUNCTION__. Member names are the same with g++ and clang; type names are not (schema.hpp
// says which are stable).

#include "troupe/serialization/members.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace troupe::reflect {

constexpr bool is_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// "number" out of "... number}]" (clang) and "...::number)}; ...]" (g++).
constexpr std::string_view last_identifier(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !is_in_name(text[end - 1]))
    --end;
  std::size_t begin = end;
  while (begin > 0 && is_in_name(text[begin - 1]))
    --begin;
  return text.substr(begin, end - begin);
}

// An object that is only pointed into, never made. Its members' addresses carry their names.
template <class T>
struct Holder {
  T value;
};
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class T>
extern const Holder<T> external;  // NOLINT(readability-identifier-naming): read in compiler errors

template <class P>
struct Place {
  P pointer;
};
template <class P>
Place(P) -> Place<P>;

// A function and not a variable: nothing that points at `external` may reach the linker.
template <class T>
consteval auto places() {
  return with_members(external<T>.value,
                      [](const auto&... member) { return std::tuple{&member...}; });
}
#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <Place Pointer>
consteval std::string_view spelled_place() {
  // g++: "...[with Place<...> Pointer = Place<...>{(& ...::number)}; ...", clang: "[Pointer =
  // {&...number}]"
  constexpr std::string_view kText = __PRETTY_FUNCTION__;
  return last_identifier(kText.substr(0, std::min(kText.rfind(")}"), kText.rfind('}'))));
}

// Only the name itself goes into the program, not the line it was found in.
template <Place Pointer>
inline constexpr auto kPlaceName = [] {
  constexpr std::string_view kSpelled = spelled_place<Pointer>();
  std::array<char, kSpelled.size()> name{};
  std::copy(kSpelled.begin(), kSpelled.end(), name.begin());
  return name;
}();

template <Place Pointer>
consteval std::string_view place_name() {
  return {kPlaceName<Pointer>.data(), kPlaceName<Pointer>.size()};
}

template <class T, std::size_t... Index>
consteval auto member_names(std::index_sequence<Index...>) {
  return std::array<std::string_view, sizeof...(Index)>{
      place_name<Place{std::get<Index>(places<T>())}>()...};
}

// The names of the members of aggregate T, in order.
template <class T>
inline constexpr auto kMemberNames = member_names<T>(std::make_index_sequence<kMemberCount<T>>{});

// As the compiler spells it, with its namespaces.
template <class T>
consteval std::string_view type_name() {
  constexpr std::string_view kText =
      __PRETTY_FUNCTION__;  // "[with T = ns::Row; ...]" or "[T = ns::Row]"
  constexpr std::size_t kBegin = kText.find("T = ") + 4;
  constexpr std::size_t kSemicolon = kText.find("; std::string_view = ", kBegin);
  return kText.substr(kBegin, (kSemicolon == kText.npos ? kText.size() - 1 : kSemicolon) - kBegin);
}

// Without its namespaces: what an error calls it.
template <class T>
consteval std::string_view short_type_name() {
  constexpr std::string_view kName = type_name<T>();
  constexpr std::size_t kColon = kName.substr(0, kName.find('<')).rfind(':');
  return kColon == kName.npos ? kName : kName.substr(kColon + 1);
}

}  // namespace troupe::reflect
