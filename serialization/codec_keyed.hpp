// SPDX-License-Identifier: Apache-2.0
#pragma once

// Containers with keys. Sets are msgpack arrays, maps are msgpack maps, each in its own order; a
// multimap is an array of [key, value], because what reads a map elsewhere keeps each key once. A
// container that keeps one of a kind refuses a message that has the same key twice.

#include "troupe/serialization/codec_choices.hpp"
#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/codec_sequences.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstddef>
#include <utility>

namespace troupe::wire {

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
