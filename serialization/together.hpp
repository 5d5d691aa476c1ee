// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values that stand side by side in one msgpack array: the members of a struct, the elements of a
// tuple.

#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/members.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstddef>

namespace troupe::wire {

template <class Values>
struct Together;

template <class... Value>
struct Together<reflect::TypeList<Value...>> {
  static constexpr std::size_t kHead = sizeof...(Value) < 0x10 ? 1 : 3;
  static constexpr bool kFlat = (Flat<Value> && ...);
  static constexpr std::size_t kMost =
      ((wire::kMost<Value> != 0) && ...) ? (kHead + ... + wire::kMost<Value>) : 0;

  static std::size_t bound(const Value&... value) noexcept {
    if constexpr (kMost != 0) {
      return kMost;
    } else {
      return (kHead + ... + Wire<Value>::bound(value));
    }
  }
  static std::byte* put(std::byte* at, const Value&... value) noexcept {
    at = put_array_head(at, sizeof...(Value));
    ((at = Wire<Value>::put(at, value)), ...);
    return at;
  }
  static void encode(Writer& writer, const Value&... value) {
    writer.array(sizeof...(Value));
    (write<Value>(writer, value), ...);
  }
  // Without the head. False: `index` is the one that failed.
  static bool take(Reader& reader, std::size_t& index, Value&... value) {
    static_cast<void>(reader);
    return ((Wire<Value>::take(reader, value) && (++index, true)) && ...);
  }
};

}  // namespace troupe::wire
