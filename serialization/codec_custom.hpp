// SPDX-License-Identifier: Apache-2.0
#pragma once

// Types that say themselves how they cross: by a Codec, or by MSGPACK_DEFINE.

#include "troupe/base/result.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <concepts>
#include <cstddef>
#include <utility>

namespace troupe::wire {

template <class T>
struct Wire<T, Shape::custom> {
  static constexpr std::size_t kMost = 0;

  // A Codec may come back to itself by way of Writer::value and Reader::value; one with take()
  // minds the depth itself.
  static void encode(Writer& writer, const T& value) {
    if constexpr (kMindsDepth) {
      Codec<T>::encode(writer, value);
    } else if (writer.enter()) {
      Codec<T>::encode(writer, value);
      writer.leave();
    }
  }
  static bool take(Reader& reader, T& out) {
    if constexpr (kMindsDepth) {
      return Codec<T>::take(reader, out);
    } else {
      if (!reader.enter()) {
        return false;
      }
      Result<T> result = Codec<T>::decode(reader);
      reader.leave();
      if (!result.has_value()) {
        return reader.fail(result.error());
      }
      out = *std::move(result);
      return !reader.failed();
    }
  }

 private:
  static constexpr bool kMindsDepth = requires(Reader & reader, T& out) {
    Codec<T>::take(reader, out);
  };
};

template <class T>
struct Wire<T, Shape::msgpack_define> {
  static constexpr std::size_t kMost = 0;

  static void encode(Writer& writer, const T& value) { MsgpackDefined<T>::encode(writer, value); }
  static bool take(Reader& reader, T& out) { return MsgpackDefined<T>::take(reader, out); }
};

}  // namespace troupe::wire
