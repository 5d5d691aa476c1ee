// SPDX-License-Identifier: Apache-2.0
#pragma once

// Containers. Sequences and sets are msgpack arrays, maps are msgpack maps, each in its own order.
// A container that keeps one of a kind refuses a message that has the same key twice.

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
      out.clear();
      out.resize(count);
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
    out.clear();
    out.resize(count);
    return take_elements<Element>(reader, out);
  }
};

template <class T>
struct Wire<T, Shape::set> {
  using Element = typename T::key_type;
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& elements) {
    write_elements<Element>(writer, elements);
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_array(count, sizeof(Element) + kNodeBytes)) {
      return false;
    }
    out.clear();
    return nested<Element>(reader, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        Element element{};
        bool taken = Wire<Element>::take(reader, element);
        if (taken) {
          out.insert(out.end(), std::move(element));
          taken = out.size() == i + 1 || reader.fail("is there twice");
        }
        if (!taken) {
          reader.in_element(i);
          return false;
        }
      }
      return true;
    });
  }
};

template <class T>
struct Wire<T, Shape::map> {
  using Key = typename T::key_type;
  using Value = typename T::mapped_type;
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& entries) {
    writer.map(entries.size());
    nested<Value>(writer, [&] {
      for (const auto& [key, value] : entries) {
        write<Key>(writer, key);
        write<Value>(writer, value);
      }
    });
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_map(count, sizeof(typename T::value_type) + kNodeBytes)) {
      return false;
    }
    out.clear();
    return nested<Value>(reader, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        if (!take_entry(reader, out, i)) {
          return false;
        }
      }
      return true;
    });
  }

 private:
  static bool take_entry(Reader& reader, T& out, std::size_t index) {
    const std::byte* const at = reader.place();
    Key key{};
    if (!Wire<Key>::take(reader, key)) {
      reader.in_element(index);
      reader.in_part(".keys");
      return false;
    }
    Value value{};
    if (!Wire<Value>::take(reader, value)) {
      reader.in_key(at);
      return false;
    }
    out.emplace_hint(out.end(), std::move(key), std::move(value));
    if (out.size() != index + 1) {
      reader.fail("is there twice");
      reader.in_key(at);
      return false;
    }
    return true;
  }
};

template <class T>
struct Wire<T, Shape::multimap> {
  using Key = typename T::key_type;
  using Value = typename T::mapped_type;
  using Entry = std::pair<Key, Value>;
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& entries) {
    writer.array(entries.size());
    nested<Entry>(writer, [&] {
      for (const auto& [key, value] : entries) {
        writer.array(2);
        write<Key>(writer, key);
        write<Value>(writer, value);
      }
    });
  }
  static bool take(Reader& reader, T& out) {
    std::size_t count = 0;
    if (!reader.take_array(count, sizeof(Entry) + kNodeBytes)) {
      return false;
    }
    out.clear();
    return nested<Entry>(reader, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        Entry entry{};
        if (!Wire<Entry>::take(reader, entry)) {
          reader.in_element(i);
          return false;
        }
        out.insert(std::move(entry));
      }
      return true;
    });
  }
};

}  // namespace troupe::wire
