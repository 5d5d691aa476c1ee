// SPDX-License-Identifier: Apache-2.0
#pragma once

// Structs: an array of the members in order. What is read may also be a map by member names, as a
// Python peer would write it.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/names.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/together.hpp"
#include "troupe/serialization/writer.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace troupe::wire {

// What an error calls a whole message of T.
template <class T>
consteval std::string_view root_name() {
  if constexpr (shape_of<T>() == Shape::aggregate) {
    return reflect::short_type_name<T>();
  } else {
    return {};
  }
}

// Reads a struct in any form but an array of exactly its members: see DecodeLimits::members.
// `take_member(context, i)` reads member i.
bool take_struct(Reader& reader, std::span<const std::string_view> names,
                 bool (*take_member)(void* context, std::size_t index), void* context);

template <class T>
struct Wire<T, Shape::aggregate> {
  static constexpr std::size_t kCount = reflect::kMemberCount<T>;
  using Members = Together<reflect::MemberTypes<T>>;
  static constexpr std::size_t kMost = Members::kMost;

  static std::size_t bound(const T& object) noexcept requires(Members::kFlat) {
    return reflect::with_members(object,
                                 [](const auto&... member) { return Members::bound(member...); });
  }
  static std::byte* put(std::byte* at, const T& object) noexcept {
    return reflect::with_members(
        object, [at](const auto&... member) { return Members::put(at, member...); });
  }
  static void encode(Writer& writer, const T& object) {
    reflect::with_members(object,
                          [&writer](const auto&... member) { Members::encode(writer, member...); });
  }
  static bool take(Reader& reader, T& out) {
    return reflect::with_members(out, [&reader](auto&... member) {
      if (!reader.take_array_of(kCount)) [[unlikely]] {
        return take_otherwise(reader, member...);
      }
      std::size_t index = 0;
      if (!Members::take(reader, index, member...)) [[unlikely]] {
        reader.in_member(reflect::kMemberNames<T>[index]);
        return false;
      }
      return true;
    });
  }

 private:
  template <class... Member>
  [[gnu::noinline]] static bool take_otherwise(Reader& reader, Member&... member) {
    auto take_member = [&](std::size_t wanted) {
      std::size_t index = 0;
      bool taken = false;
      static_cast<void>(
          ((index++ == wanted && (taken = Wire<Member>::take(reader, member), true)) || ...));
      return taken;
    };
    using Take = decltype(take_member);
    return take_struct(
        reader, reflect::kMemberNames<T>,
        [](void* context, std::size_t wanted) { return (*static_cast<Take*>(context))(wanted); },
        &take_member);
  }
};

}  // namespace troupe::wire
