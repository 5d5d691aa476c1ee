// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shape: what kind of thing a type is to the codec, found out once and in this order, so that no
// two specialisations compete. Containers are known by what they offer, not by name: any container
// that looks like a standard one is taken, and none of their headers is needed here.

#include "troupe/base/buffer.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/serialization/members.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

class Writer;
class Reader;

// How a T is written and read that the library does not know and that is no plain struct:
//   template <> struct troupe::Codec<Money> {
//     static void encode(troupe::Writer& writer, const Money& money) { writer.value(money.cents());
//     } static troupe::Result<Money> decode(troupe::Reader& reader); static constexpr bool
//     kCarriesFds = true;             // only if descriptors are inside static constexpr
//     std::string_view kWireKind = "int";  // optional: what the schema calls it
//   };
template <class T>
struct Codec;

namespace wire {

// Writes and reads a T that has MSGPACK_DEFINE. Defined by msgpack_define.hpp, which needs
// <msgpack.hpp>.
template <class T>
struct MsgpackDefined;

enum class Shape : std::uint8_t {
  unsendable,
  custom,          // has a Codec
  msgpack_define,  // has MSGPACK_DEFINE
  nil,
  boolean,
  integer,
  enumeration,
  real,
  text,
  path,
  bytes,
  buffer,
  descriptor,
  duration,
  time_point,
  optional,
  pointer,
  variant,
  tuple,
  fixed_array,
  sequence,
  forward_sequence,
  set,
  map,
  multimap,
  aggregate,
};

template <class T, template <class...> class Template>
inline constexpr bool kIs = false;
template <class... X, template <class...> class Template>
inline constexpr bool kIs<Template<X...>, Template> = true;

template <class T>
inline constexpr bool kIsFixedArray = false;
template <class T, std::size_t N>
inline constexpr bool kIsFixedArray<std::array<T, N>> = true;

template <class T>
inline constexpr bool kIsSpan = false;
template <class T, std::size_t N>
inline constexpr bool kIsSpan<std::span<T, N>> = true;

// One byte of raw content. Containers of these are bytes (msgpack bin); int8_t is a number.
template <class T>
concept ByteLike =
    std::same_as<T, std::byte> || std::same_as<T, unsigned char> || std::same_as<T, char>;

template <class T>
concept HasCodec = requires {
  sizeof(Codec<T>);
};

template <class T>
concept HasMsgpackDefine = requires(const T& value, Writer& packer) {
  value.msgpack_pack(packer);
};

template <class T>
concept Container = requires(T& container) {
  typename T::value_type;
  container.begin();
  container.end();
  container.clear();
};
template <class T>
concept Map = Container<T> && requires(T& map) {
  typename T::key_type;
  typename T::mapped_type;
  map.size();
};
// A key may come more than once.
template <class T>
concept MultiMap = Map<T> && requires(T& map) {
  { map.insert(std::declval<typename T::value_type>()) } -> std::same_as<typename T::iterator>;
};
template <class T>
concept Set = Container<T> && requires(T& set) {
  typename T::key_type;
  set.insert(std::declval<typename T::value_type>());
  set.size();
};
template <class T>
concept Sequence = Container<T> && requires(T& sequence) {
  sequence.push_back(std::declval<typename T::value_type>());
  sequence.size();
};
template <class T>
concept ForwardSequence = Container<T> && requires(T& sequence) {
  sequence.insert_after(sequence.before_begin(), std::declval<typename T::value_type>());
};
template <class T>
concept Contiguous = Sequence<T> && requires(T& sequence) {
  { sequence.data() } -> std::same_as<typename T::value_type*>;
};
template <class T>
concept Path = requires(const T& path, std::string text) {
  T::preferred_separator;
  { path.native() } -> std::convertible_to<const std::string&>;
  T{text};
};
template <class T>
concept TextView = std::same_as<T, std::string_view> || std::same_as<T, std::u8string_view>;
template <class T>
concept Text = TextView<T> ||
    (kIs<T, std::basic_string> &&
     (std::same_as<typename T::value_type, char> || std::same_as<typename T::value_type, char8_t>));

template <class T>
concept HoldsBytes = ByteLike<std::remove_cv_t<typename T::value_type>>;
// Raw content in one piece.
template <class T>
concept RawBytes = HoldsBytes<T> &&(kIsFixedArray<T> || kIsSpan<T> || Contiguous<T>);
template <class T>
concept OwnsOne = kIs<T, std::unique_ptr> && !std::is_array_v<typename T::element_type>;

// What the language brings: numbers and enums.
template <class T>
consteval Shape shape_of_scalar() {
  if constexpr (std::same_as<T, bool>) {
    return Shape::boolean;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): what T is
  } else if constexpr (std::integral<T> && sizeof(T) <= sizeof(std::uint64_t)) {
    return Shape::integer;
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    return Shape::real;
  } else if constexpr (std::is_enum_v<T>) {
    return Shape::enumeration;
  } else {
    return Shape::unsendable;  // pointers, references, arrays, functions, long double
  }
}

// Types that are known by name.
template <class T>
consteval Shape shape_of_known() {
  if constexpr (std::same_as<T, Buffer>) {
    return Shape::buffer;
  } else if constexpr (std::same_as<T, UniqueFd>) {
    return Shape::descriptor;
  } else if constexpr (std::same_as<T, std::monostate>) {
    return Shape::nil;
  } else if constexpr (kIs<T, std::optional>) {
    return Shape::optional;
  } else if constexpr (kIs<T, std::variant>) {
    return Shape::variant;
  } else if constexpr (kIs<T, std::pair> || kIs<T, std::tuple>) {
    return Shape::tuple;
  } else if constexpr (kIs<T, std::chrono::duration>) {
    return Shape::duration;
  } else if constexpr (kIs<T, std::chrono::time_point>) {
    return Shape::time_point;
  } else if constexpr (OwnsOne<T>) {
    return Shape::pointer;
  } else {
    return Shape::unsendable;
  }
}

// Types that are known by what they offer.
template <class T>
consteval Shape shape_of_container() {
  if constexpr (RawBytes<T>) {
    return Shape::bytes;
  } else if constexpr (kIsFixedArray<T> || kIsSpan<T>) {
    return Shape::fixed_array;
  } else if constexpr (MultiMap<T>) {
    return Shape::multimap;
  } else if constexpr (Map<T>) {
    return Shape::map;
  } else if constexpr (Set<T>) {
    return Shape::set;
  } else if constexpr (Sequence<T>) {
    return Shape::sequence;
  } else if constexpr (ForwardSequence<T>) {
    return Shape::forward_sequence;
  } else {
    return Shape::unsendable;
  }
}

template <class T>
consteval Shape shape_of_class() {
  if constexpr (Text<T>) {
    return Shape::text;
  } else if constexpr (shape_of_known<T>() != Shape::unsendable) {
    return shape_of_known<T>();
  } else if constexpr (HasMsgpackDefine<T>) {
    return Shape::msgpack_define;
  } else if constexpr (Path<T>) {
    return Shape::path;
  } else if constexpr (shape_of_container<T>() != Shape::unsendable) {
    return shape_of_container<T>();
  } else if constexpr (std::is_aggregate_v<T>) {
    return Shape::aggregate;
  } else {
    return Shape::unsendable;
  }
}

template <class T>
consteval Shape shape_of() {
  if constexpr (HasCodec<T>) {
    return Shape::custom;
  } else if constexpr (std::is_class_v<T>) {
    return shape_of_class<T>();
  } else {
    return shape_of_scalar<T>();
  }
}

// How a T crosses the wire, by shape:
//   static constexpr std::size_t kMost;                    the most bytes any T takes; 0: unbounded
//   static void encode(Writer&, const T&);                 any value
//   static bool take(Reader&, T&);                         false: the reader keeps a failure
// and where one value's bytes can be bounded without walking through it (Flat):
//   static std::size_t bound(const T&);
//   static std::byte* put(std::byte* at, const T&);        bound() bytes are there; at most
//   kLargePiece
template <class T, Shape = shape_of<T>()>
struct Wire;

template <class T>
concept Flat = requires(const T& value) {
  Wire<T>::bound(value);
};

// Most bytes of a value of T; 0 where the type does not say.
template <class T>
inline constexpr std::size_t kMost = Wire<T>::kMost;

}  // namespace wire
}  // namespace troupe
