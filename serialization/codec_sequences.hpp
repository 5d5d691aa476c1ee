// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sequences: msgpack arrays, in their own order.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <concepts>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace troupe::wire {

// Bound of one element, for numbers only: another type may be incomplete where its container is
// looked at (a tree holds a vector of itself). 0: none.
template <class T>
consteval std::size_t number_bound() {
  if constexpr ((std::is_arithmetic_v<T> || std::is_enum_v<T>)&&!HasCodec<T> &&
                shape_of<T>() != Shape::unsendable) {
    return kMost<T>;
  } else {
    return 0;
  }
}

// Elements whose type does not bound how deep they go: those of a tree come back to themselves.
template <class Element>
inline constexpr bool kMayNest =
    kMost<Element> == 0 && shape_of<Element>() != Shape::text&& shape_of<Element>() != Shape::bytes;

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
    if (!reader.enter() || !work()) {
      return false;
    }
    reader.leave();
    return true;
  } else {
    return work();
  }
}

// What a list, set or map spends on a node beside what it holds, about.
inline constexpr std::size_t kNodeBytes = 48;

template <class Container>
std::size_t size_of(const Container& container) {
  if constexpr (requires { container.size(); }) {
    return container.size();
  } else {
    return static_cast<std::size_t>(std::distance(container.begin(), container.end()));
  }
}

template <class Element, class Container>
void write_elements(Writer& writer, const Container& container) {
  writer.array(size_of(container));
  nested<Element>(writer, [&] {
    for (const auto& element : container) {
      write<Element>(writer, element);
    }
  });
}

// Reads into what is there already, first to last.
template <class Element, class Range>
bool take_elements(Reader& reader, Range& range) {
  return nested<Element>(reader, [&] {
    std::size_t index = 0;
    for (auto& element : range) {
      if (!Wire<Element>::take(reader, element)) [[unlikely]] {
        reader.in_element(index);
        return false;
      }
      ++index;
    }
    return true;
  });
}

// Elements that are there already are read into again, with the memory they have; where members may
// be missing they begin afresh.
template <class Container>
void make_ready(const Reader& reader, Container& out, std::size_t count) {
  if (reader.limits().members == Members::prefix) {
    out.clear();
  }
  out.resize(count);
}

// std::array, and std::span on its way out.
template <class T>
struct Wire<T, Shape::fixed_array> {
  using Element = std::remove_cv_t<typename T::value_type>;
  static constexpr std::size_t kMost = 0;

  static std::size_t bound(const T& elements) noexcept requires(number_bound<Element>() != 0) {
    return kMostHead + elements.size() * number_bound<Element>();
  }
  static std::byte* put(std::byte* at, const T& elements) noexcept {
    at = put_array_head(at, elements.size());
    for (const Element& element : elements) {
      at = Wire<Element>::put(at, element);
    }
    return at;
  }
  static void encode(Writer& writer, const T& elements) {
    write_elements<Element>(writer, elements);
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_array(count, 0)) {
      return false;
    }
    return count == out.size() ? take_elements<Element>(reader, out)
                               : reader.fail_length(out.size(), count);
  }
};

template <class T>
struct Wire<T, Shape::sequence> {
  using Element = typename T::value_type;
  static constexpr std::size_t kMost = 0;

  static std::size_t bound(const T& elements) noexcept requires(number_bound<Element>() != 0) {
    return kMostHead + elements.size() * number_bound<Element>();
  }
  static std::byte* put(std::byte* at, const T& elements) noexcept {
    at = put_array_head(at, elements.size());
    for (const Element element : elements) {
      at = Wire<Element>::put(at, element);
    }
    return at;
  }
  static void encode(Writer& writer, const T& elements) {
    write_elements<Element>(writer, elements);
  }
  static bool take(Reader& reader, T& out) {
    constexpr bool kNodes = !requires {
      out.capacity();
    };
    std::size_t count = 0;
    if (!reader.take_array(count, sizeof(Element) + (kNodes ? kNodeBytes : 0))) {
      return false;
    }
    if constexpr (std::same_as<typename T::reference, Element&>) {
      make_ready(reader, out, count);
      return take_elements<Element>(reader, out);
    } else {  // vector<bool>
      out.resize(count);
      for (std::size_t i = 0; i < count; ++i) {
        Element element{};
        if (!Wire<Element>::take(reader, element)) {
          reader.in_element(i);
          return false;
        }
        out[i] = element;
      }
      return true;
    }
  }
};

template <class T>
struct Wire<T, Shape::forward_sequence> {
  using Element = typename T::value_type;
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& elements) {
    write_elements<Element>(writer, elements);
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_array(count, sizeof(Element) + kNodeBytes)) {
      return false;
    }
    make_ready(reader, out, count);
    return take_elements<Element>(reader, out);
  }
};

}  // namespace troupe::wire
