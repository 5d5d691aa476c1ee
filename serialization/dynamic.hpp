// SPDX-License-Identifier: Apache-2.0
#pragma once

// Dynamic: a value whose type is only known at run time: what msgpack, JSON or Python can hold. A
// Dynamic receives any message (but descriptors), and converts to and from any message type by way
// of its wire form: a struct becomes the list of its members. Integers compare by value whatever
// type they came from; a float that arrives is kept as a double. A value; not thread-safe beyond
// that.

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"
#include "troupe/serialization/codec.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

class Dynamic;

template <class T>
concept NotDynamic = !std::same_as<std::remove_cvref_t<T>, Dynamic>;

class Dynamic final {
 public:
  using Array = std::vector<Dynamic>;
  using Entry = std::pair<Dynamic, Dynamic>;
  using Map = std::vector<Entry>;  // in the order it was made or received, as a Python dict
  struct Extension {               // a msgpack extension, with the code its makers agreed on
    std::int8_t code = 0;
    Bytes payload;
    friend bool operator==(const Extension&, const Extension&) = default;
  };
  enum class Kind : std::uint8_t {
    nil,
    boolean,
    integer,
    natural,
    real,
    text,
    bytes,
    array,
    map,
    extension
  };

  Dynamic() = default;  // nil
  // From any message type. Throws Error where encode() would return one.
  // NOLINTBEGIN(google-explicit-constructor,bugprone-forwarding-reference-overload): of any value
  template <NotDynamic T>
  Dynamic(T&& value);
  // NOLINTEND(google-explicit-constructor,bugprone-forwarding-reference-overload)

  Kind kind() const noexcept { return static_cast<Kind>(value_.index()); }
  bool is_nil() const noexcept { return kind() == Kind::nil; }

  // The value as a T, by the rules of decode(). Errors: malformed, saying what was expected and
  // found.
  template <class T>
  Result<T> as() const;

  // What is under `key` in a map, or at `index` of an array; null when there is none, or this is
  // neither.
  const Dynamic* find(std::string_view key) const noexcept;
  const Dynamic* find(std::size_t index) const noexcept;

  // Readable, much as JSON: {"a": [1, 2.5, nil], "b": bytes(5)}. For people; not parsed back.
  std::string text() const;

  // Maps are equal when they have equal entries in any order.
  friend bool operator==(const Dynamic& a, const Dynamic& b);

 private:
  friend struct Codec<Dynamic>;
  // integer holds what is negative or fits; natural only what does not, so that equal numbers are
  // equal.
  using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string,
                             Bytes, Array, Map, Extension>;

  void set(std::uint64_t number);
  void write(Writer& writer) const;
  static void write_map(Writer& writer, const Map& map);
  bool take(Reader& reader);
  bool take_map(Reader& reader);
  bool take_extension(Reader& reader);
  void append_to(std::string& out) const;
  static Dynamic from(const Encoded& encoded);

  Value value_;
};

template <>
struct Codec<Dynamic> {
  static constexpr std::string_view kWireKind = "any";
  static void encode(Writer& writer, const Dynamic& value) { value.write(writer); }
  static bool take(Reader& reader, Dynamic& out) { return out.take(reader); }
};

template <NotDynamic T>
// NOLINTNEXTLINE(bugprone-forwarding-reference-overload): copying and moving are not meant
Dynamic::Dynamic(T&& value) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (std::same_as<Plain, std::nullptr_t>) {
    value_ = std::monostate{};
  } else if constexpr (std::same_as<Plain, bool> || std::same_as<Plain, double> ||
                       std::same_as<Plain, float>) {
    value_ = value;
  } else if constexpr (std::integral<Plain> && std::is_signed_v<Plain>) {
    value_ = std::int64_t{value};
  } else if constexpr (std::integral<Plain>) {
    set(value);
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    value_ = std::string{std::string_view{value}};
  } else if constexpr (std::same_as<Plain, Bytes> || std::same_as<Plain, Array> ||
                       std::same_as<Plain, Map> || std::same_as<Plain, Extension>) {
    value_ = std::forward<T>(value);
  } else {
    static_assert(!carries_fds<Plain>, "a Dynamic cannot hold file descriptors");
    Encoded encoded;
    encode(encoded, value).value();
    *this = from(encoded);
  }
}

template <class T>
Result<T> Dynamic::as() const {
  if constexpr (std::same_as<T, Dynamic>) {
    return *this;
  } else {
    static_assert(!carries_fds<T>, "a Dynamic cannot hold file descriptors");
    Encoded encoded;
    if (Result<void> done = encode(encoded, *this); !done) {
      return done.error();
    }
    const Bytes bytes = encoded.joined();
    return decode<T>({.bytes = bytes});
  }
}

}  // namespace troupe
