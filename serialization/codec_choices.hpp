// SPDX-License-Identifier: Apache-2.0
#pragma once

// What may be there or not, one of several, or several side by side: optional and unique_ptr are
// nil or the value, a variant is [index, value], a pair or tuple is an array.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/parts.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/together.hpp"
#include "troupe/serialization/writer.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe::wire {

template <class T>
struct Wire<T, Shape::optional> {
  using Value = typename T::value_type;
  static constexpr std::size_t kMost = wire::kMost<Value>;

  static std::size_t bound(const T& value) noexcept requires Flat<Value> {
    return value ? Wire<Value>::bound(*value) : 1;
  }
  static std::byte* put(std::byte* at, const T& value) noexcept {
    return value ? Wire<Value>::put(at, *value) : put_nil(at);
  }
  static void encode(Writer& writer, const T& value) {
    value ? write<Value>(writer, *value) : writer.nil();
  }
  static bool take(Reader& reader, T& out) {
    if (reader.take_nil()) {
      out.reset();
      return true;
    }
    return Wire<Value>::take(reader, out.emplace());
  }
};

template <class T>
struct Wire<T, Shape::pointer> {
  using Value = std::remove_cv_t<typename T::element_type>;
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& pointer) {
    if (pointer == nullptr) {
      writer.nil();
    } else if (writer.enter()) {
      write<Value>(writer, *pointer);
      writer.leave();
    }
  }
  static bool take(Reader& reader, T& out) {
    if (reader.take_nil()) {
      out.reset();
      return true;
    }
    if (!reader.enter() || !reader.charge(sizeof(Value))) {
      return false;
    }
    auto value = std::make_unique<Value>();
    if (!Wire<Value>::take(reader, *value)) {
      return false;
    }
    reader.leave();
    out = std::move(value);
    return true;
  }
};

template <class T, class Visitor, std::size_t... Index>
void visit_index(const T& variant, Visitor visitor, std::index_sequence<Index...>) {
  static_cast<void>(
      ((variant.index() == Index && (visitor(*std::get_if<Index>(&variant)), true)) || ...));
}

template <class... Alternative>
struct Wire<std::variant<Alternative...>, Shape::variant> {
  using T = std::variant<Alternative...>;
  static constexpr auto kIndices = std::index_sequence_for<Alternative...>{};
  static constexpr std::size_t kHead = 1 + kMostHead;
  static constexpr std::size_t kMost = ((wire::kMost<Alternative> != 0) && ...)
                                           ? kHead + std::max({wire::kMost<Alternative>...})
                                           : 0;

  static std::size_t bound(const T& value) noexcept requires(Flat<Alternative>&&...) {
    std::size_t most = kHead;
    visit_index(
        value, [&most]<class V>(const V& alternative) { most += Wire<V>::bound(alternative); },
        kIndices);
    return most;
  }
  static std::byte* put(std::byte* at, const T& value) noexcept {
    at = put_unsigned(put_array_head(at, 2), value.index());
    visit_index(
        value, [&at]<class V>(const V& alternative) { at = Wire<V>::put(at, alternative); },
        kIndices);
    return at;
  }
  static void encode(Writer& writer, const T& value) {
    writer.array(2);
    writer.natural(value.index());
    visit_index(
        value, [&writer]<class V>(const V& alternative) { write(writer, alternative); }, kIndices);
  }
  static bool take(Reader& reader, T& out) {
    std::size_t index = 0;
    if (!reader.take_array_of(2)) {
      return reader.fail_expected("an array of 2 (the index of an alternative, its value)");
    }
    if (!reader.take(index)) {
      return false;
    }
    if (index >= sizeof...(Alternative)) {
      return reader.fail("there is no alternative " + std::to_string(index) + " of " +
                         std::to_string(sizeof...(Alternative)));
    }
    return take_alternative(reader, out, index, kIndices);
  }

 private:
  template <std::size_t... Index>
  static bool take_alternative(Reader& reader, T& out, std::size_t wanted,
                               std::index_sequence<Index...>) {
    bool taken = false;
    static_cast<void>(
        ((Index == wanted &&
          (taken = Wire<Alternative>::take(reader, out.template emplace<Index>()), true)) ||
         ...));
    return taken;
  }
};

// std::pair and std::tuple.
template <class T>
struct Wire<T, Shape::tuple> {
  static constexpr std::size_t kCount = std::tuple_size_v<T>;
  using Elements = Together<PartsOf<T>>;
  static constexpr std::size_t kMost = Elements::kMost;

  static std::size_t bound(const T& tuple) noexcept requires(Elements::kFlat) {
    return std::apply([](const auto&... element) { return Elements::bound(element...); }, tuple);
  }
  static std::byte* put(std::byte* at, const T& tuple) noexcept {
    return std::apply([at](const auto&... element) { return Elements::put(at, element...); },
                      tuple);
  }
  static void encode(Writer& writer, const T& tuple) {
    std::apply([&writer](const auto&... element) { Elements::encode(writer, element...); }, tuple);
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = kCount;
    if (!reader.take_array_of(kCount) && !reader.take_array(count, 0)) {
      return false;
    }
    if (count != kCount) {
      return reader.fail_length(kCount, count);
    }
    std::size_t index = 0;
    const bool taken = std::apply(
        [&](auto&... element) { return Elements::take(reader, index, element...); }, out);
    if (!taken) {
      reader.in_element(index);
    }
    return taken;
  }
};

}  // namespace troupe::wire
