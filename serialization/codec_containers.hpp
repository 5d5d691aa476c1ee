// SPDX-License-Identifier: Apache-2.0
#pragma once

// Containers: sequences and sets are msgpack arrays, maps are msgpack maps, each in its own order.
// A multimap may have a key twice; a map or set that is read must not.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace troupe::wire {

// Bound of what can be bounded without looking at its type's own Wire: elements may be incomplete
// (a tree holds a vector of itself) where their container is looked at.
template <class T>
consteval std::size_t scalar_bound() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return HasCodec<T> ? 0 : wire::kMost<T>;
  } else {
    return 0;
  }
}

// Goes one level down for elements whose type may contain itself, by way of a container.
template <class Element>
inline constexpr bool kMayNest = kMost<Element> == 0 && shape_of<Element>() != Shape::text;

template <class Element, class Work>
void nested(Writer& writer, Work work) {
  if constexpr (kMayNest<Element>) {
    if (writer.enter()) {
      work();
      writer.leave();
    }
  } else {
    work();
  }
}

template <class Element, class Work>
bool nested(Reader& reader, Work work) {
  if constexpr (kMayNest<Element>) {
    if (!reader.enter() || !work()) return false;
    reader.leave();
    return true;
  } else {
    return work();
  }
}

template <class Container>
void write_elements(Writer& writer, const Container& elements) {
  for (const auto& element : elements) {
    write(writer, element);
  }
}

// A node of a list, set or map, beside what it holds.
inline constexpr std::size_t kNodeBytes = 48;

template <class T>
struct Wire<T, Shape::sequence> {
  using Element = typename T::value_type;
  static constexpr std::size_t kMost = 0;

  // Only elements of bounded size can be bounded together.
  static std::size_t bound(const T& elements) noexcept requires(scalar_bound<Element>() != 0) {
    return kMostHead + elements.size() * scalar_bound<Element>();
  }
  static std::byte* put(std::byte* at, const T& elements) noexcept {
    at = put_array_head(at, elements.size());
    for (const auto& element : elements) {
      at = Wire<Element>::put(at, element);
    }
    return at;
  }
  static void encode(Writer& writer, const T& elements) {
    writer.array(elements.size());
    nested<Element>(writer, [&] { write_elements(writer, elements); });
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_array(count, sizeof(Element))) return false;
    out.clear();
    if constexpr (requires { out.reserve(count); }) {
      out.reserve(count);
    }
    return nested<Element>(reader, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        if (!take_one(reader, out)) {
          reader.in_element(i);
          return false;
        }
      }
      return true;
    });
  }

 private:
  static bool take_one(Reader& reader, T& out) {
    if constexpr (std::is_same_v<typename T::reference, Element&>) {
      return Wire<Element>::take(reader, out.emplace_back());
    } else {  // vector<bool>
      Element element{};
      if (!Wire<Element>::take(reader, element)) return false;
      out.push_back(element);
      return true;
    }
  }
};

}  // namespace troupe::wire
