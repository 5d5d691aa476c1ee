// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers, enums and times. An enum is its underlying integer. A duration is the count of its own
// period (milliseconds{5} is 5), a time point that count since its clock's epoch; a steady clock's
// time means something only on the host it was taken on.

#include "troupe/serialization/reader.hpp"
#include "troupe/serialization/shape.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstddef>
#include <type_traits>

namespace troupe::wire {

// Writes `value` in the shortest way there is for it.
template <class T>
void write(Writer& writer, const T& value) {
  if constexpr (Flat<T>) {
    if (const std::size_t bound = Wire<T>::bound(value); bound <= kLargePiece) [[likely]] {
      writer.commit(Wire<T>::put(writer.room(bound), value));
      return;
    }
  }
  if constexpr (kMost<T> == 0 || kMost < T >> kLargePiece) {
    Wire<T>::encode(writer, value);
  }
}

// What all types of bounded size share.
template <class T, std::size_t Most>
struct Bounded {
  static constexpr std::size_t kMost = Most;
  static constexpr std::size_t bound(const T&) noexcept { return Most; }
};

template <class T>
struct Wire<T, Shape::nil> : Bounded<T, 1> {
  static std::byte* put(std::byte* at, const T&) noexcept { return put_nil(at); }
  static bool take(Reader& reader, T&) { return reader.take_nil() || reader.fail_expected("nil"); }
};

template <class T>
struct Wire<T, Shape::boolean> : Bounded<T, 1> {
  static std::byte* put(std::byte* at, bool value) noexcept { return put_boolean(at, value); }
  static bool take(Reader& reader, bool& out) { return reader.take(out); }
};

template <class T>
struct Wire<T, Shape::integer> : Bounded<T, sizeof(T) + 1> {
  static std::byte* put(std::byte* at, T value) noexcept {
    if constexpr (std::is_unsigned_v<T>) {
      return put_unsigned(at, value);
    } else {
      return put_signed(at, value);
    }
  }
  static bool take(Reader& reader, T& out) { return reader.take(out); }
};

template <class T>
struct Wire<T, Shape::enumeration> : Bounded<T, sizeof(T) + 1> {
  using Integer = std::underlying_type_t<T>;
  static std::byte* put(std::byte* at, T value) noexcept {
    return Wire<Integer>::put(at, static_cast<Integer>(value));
  }
  static bool take(Reader& reader, T& out) {
    Integer number{};
    if (!Wire<Integer>::take(reader, number)) return false;
    out = static_cast<T>(number);
    return true;
  }
};

template <class T>
struct Wire<T, Shape::real> : Bounded<T, sizeof(T) + 1> {
  static std::byte* put(std::byte* at, T value) noexcept {
    if constexpr (sizeof(T) == sizeof(float)) {
      return put_float(at, value);
    } else {
      return put_double(at, value);
    }
  }
  static bool take(Reader& reader, T& out) { return reader.take(out); }
};

template <class T>
struct Wire<T, Shape::duration> : Bounded<T, kMost<typename T::rep>> {
  using Count = typename T::rep;
  static std::byte* put(std::byte* at, const T& value) noexcept {
    return Wire<Count>::put(at, value.count());
  }
  static bool take(Reader& reader, T& out) {
    Count count{};
    if (!Wire<Count>::take(reader, count)) return false;
    out = T{count};
    return true;
  }
};

template <class T>
struct Wire<T, Shape::time_point> : Bounded<T, kMost<typename T::duration>> {
  using Since = typename T::duration;
  static std::byte* put(std::byte* at, const T& value) noexcept {
    return Wire<Since>::put(at, value.time_since_epoch());
  }
  static bool take(Reader& reader, T& out) {
    Since since{};
    if (!Wire<Since>::take(reader, since)) return false;
    out = T{since};
    return true;
  }
};

}  // namespace troupe::wire
