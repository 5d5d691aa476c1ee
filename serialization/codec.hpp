// SPDX-License-Identifier: Apache-2.0
#pragma once

// encode and decode: a value to the bytes of a message and back. Any plain struct (up to 32
// members) is a message, nested, with no macro; so are MSGPACK_DEFINE types (msgpack_define.hpp),
// the standard's values and containers, Buffer, UniqueFd, Dynamic and whatever has a Codec. What
// cannot be sent does not compile. docs/wire-protocol.md has the table of forms. Thread-safe:
// nothing is shared between calls.

#include "troupe/serialization/codec_choices.hpp"
#include "troupe/serialization/codec_custom.hpp"
#include "troupe/serialization/codec_keyed.hpp"
#include "troupe/serialization/codec_scalars.hpp"
#include "troupe/serialization/codec_sequences.hpp"
#include "troupe/serialization/codec_structs.hpp"
#include "troupe/serialization/codec_text.hpp"
#include "troupe/serialization/encoded.hpp"
#include "troupe/serialization/limits.hpp"
#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/sendable.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe {

// Appends `value` to `out`. Large byte strings are referenced (Encoded::borrowed): `value` must
// live until the message has been sent, or Encoded::own() been called. On an error `out` is as
// before. Errors: invalid_argument (over a limit), system (a descriptor cannot be duplicated), and
// what a Codec gives up with.
template <class T>
Result<void> encode(Encoded& out, const T& value, const EncodeLimits& limits = {}) {
  Writer writer{out, limits};
  if constexpr (check_sendable<T>()) {
    wire::write(writer, value);
  }
  return writer.finish();
}

// Reads the value that `in` holds, all of it, into `value`, whose memory is used again: what a loop
// over messages wants. After an error `value` holds anything that a T may. Errors: malformed, with
// the path of the member, what was expected, what was found, and the likely cause; and what a Codec
// returns.
template <class T>
Result<void> decode_into(T& value, const Incoming& in, const DecodeLimits& limits = {}) {
  if constexpr (check_receivable<T>()) {
    if (limits.members == Members::prefix) {
      value = T{};
    }
    Reader reader{in, limits};
    if (!wire::Wire<T>::take(reader, value) || !reader.at_end()) [[unlikely]] {
      return reader.final_error(wire::root_name<T>());
    }
  }
  return {};
}

// The value that `in` holds, all of it. Errors as decode_into.
template <class T>
Result<T> decode(const Incoming& in, const DecodeLimits& limits = {}) {
  if constexpr (check_receivable<T>()) {
    Result<T> result{T{}};
    if (auto decoded = decode_into(*result, in, limits); !decoded) [[unlikely]] {
      result = decoded.error();
    }
    return result;
  }
}

template <class T>
void Writer::value(const T& value) {
  wire::write(*this, value);
}

template <class T>
Result<T> Reader::value() {
  Result<T> result{T{}};
  if (failed() || !wire::Wire<T>::take(*this, *result)) [[unlikely]] {
    result = error();
  }
  return result;
}

}  // namespace troupe
