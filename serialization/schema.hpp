// SPDX-License-Identifier: Apache-2.0
#pragma once

// Schema: what two programs compare before they exchange a type. It has a hash for each prefix of
// the members, over wire kinds and member names, so that a type may grow at its end while older
// programs run: a link accepts when one side is a prefix of the other, and decodes with
// Members::prefix. Hashes and stable names are the same with every compiler and build. Part of the
// wire format.
//
// The text that is hashed: nil bool int float str bin fd any · optional<T> variant<T,…> tuple<T,…>
// array<T> array<T>[n] bin[n] map<K,V> · duration<num/den,T> time<clock,T> · struct{name:T,…} · ^n
// for the struct n levels further out (a tree).

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/serialization/names.hpp"
#include "troupe/serialization/parts.hpp"
#include "troupe/serialization/shape.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe {

// Specialise to give a type a name that other programs know it by, or give the type a
// `static constexpr std::string_view troupe_name`. Without: the qualified name of a non-template
// struct in a named namespace (inline namespaces are spelled differently by the compilers: name
// those).
//   template <> inline constexpr std::string_view troupe::message_name<acme::Row> = "acme.Row";
template <class T>
// NOLINTNEXTLINE(readability-identifier-naming): specialised by users
inline constexpr std::string_view message_name = {};

struct Schema {
  std::string name;
  // The name means something to programs of the same build id only: an unnamed namespace, a local
  // type, a template, or no namespace at all.
  bool only_this_build = false;
  // Hash of the first n + 1 members; of something that is no struct: one hash of the whole.
  std::vector<std::uint64_t> prefixes;

  friend bool operator==(const Schema&, const Schema&) = default;
};

// Success when one is a prefix of the other. Errors: refused, with both names.
Result<void> compatible(const Schema& ours, const Schema& theirs);

// The schema of T, made at the first call.
template <class T>
const Schema& schema();

namespace wire {

// Collects the text that is hashed, and the name of what is no struct.
class Description final {
 public:
  // How it is written: with members for the hashes, with type names for the name.
  enum class Form : std::uint8_t { structure, name };
  explicit Description(Form form) noexcept : form_(form) {}

  Form form() const noexcept { return form_; }
  void add(std::string_view text) { text_ += text; }
  void add_number(std::intmax_t number) { text_ += std::to_string(number); }
  // A type that is known by its name alone.
  void add_name(std::string_view spelled, std::string_view given);
  // Goes into a struct, known by the address of something of its own. False: it is one we are in,
  // and the way back to it has been added.
  bool enter(const void* identity);
  void leave() { inside_.pop_back(); }

  // The text so far; the next one begins empty.
  std::string take() { return std::exchange(text_, {}); }
  bool only_this_build() const noexcept { return only_this_build_; }

 private:
  const Form form_;
  std::string text_;
  bool only_this_build_ = false;
  std::vector<const void*> inside_;
};

// Whether the compiler's spelling is the same elsewhere: acme::Row, and nothing with a ( { < or
// without ::.
bool is_stable_name(std::string_view spelled) noexcept;

template <class T>
consteval std::string_view given_name() {
  if constexpr (requires { std::string_view{T::troupe_name}; }) {
    return T::troupe_name;
  } else {
    return message_name<T>;
  }
}

template <class T>
inline constexpr char kIdentity = 0;

template <class T>
void describe(Description& out);

template <class... Part>
void describe_parts(Description& out, std::string_view before, reflect::TypeList<Part...>) {
  out.add(before);
  std::string_view between = "<";
  ((out.add(between), between = ",", describe<Part>(out)), ...);
  out.add(">");
}

template <class T, class... Member>
void describe_members(Description& out, reflect::TypeList<Member...>) {
  std::size_t index = 0;
  ((out.add(index == 0 ? "" : ","), out.add(reflect::kMemberNames<T>[index++]), out.add(":"),
    describe<Member>(out)),
   ...);
}

template <class T>
void describe_struct(Description& out) {
  if (out.form() == Description::Form::name) {
    out.add_name(reflect::type_name<T>(), given_name<T>());
  } else if (out.enter(&kIdentity<T>)) {
    out.add("struct{");
    describe_members<T>(out, PartsOf<T>{});
    out.add("}");
    out.leave();
  }
}

template <class T>
void describe_length(Description& out) {
  if constexpr (kIsFixedArray<T>) {
    out.add("[");
    out.add_number(std::tuple_size_v<T>);
    out.add("]");
  }
}

template <class Clock>
consteval std::string_view clock_name() {
  if constexpr (std::is_same_v<Clock, std::chrono::system_clock>) {
    return "system";
  } else if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
    return "steady";
  } else if constexpr (std::is_same_v<Clock, BootTime>) {
    return "boot";
  } else {
    return "other";
  }
}

template <class T>
void describe_duration(Description& out) {
  out.add("duration<");
  out.add_number(T::period::num);
  out.add("/");
  out.add_number(T::period::den);
  out.add(",");
  describe<typename T::rep>(out);
  out.add(">");
}

template <class T>
void describe_custom(Description& out) {
  if constexpr (requires { std::string_view{Codec<T>::kWireKind}; }) {
    out.add(Codec<T>::kWireKind);
  } else {
    out.add_name(reflect::type_name<T>(), given_name<T>());
  }
}

// What has no parts.
template <Shape What>
consteval std::string_view simple_kind() {
  constexpr std::array kNames{std::pair{Shape::nil, "nil"},
                              std::pair{Shape::boolean, "bool"},
                              std::pair{Shape::integer, "int"},
                              std::pair{Shape::enumeration, "int"},
                              std::pair{Shape::real, "float"},
                              std::pair{Shape::text, "str"},
                              std::pair{Shape::path, "str"},
                              std::pair{Shape::bytes, "bin"},
                              std::pair{Shape::buffer, "bin"},
                              std::pair{Shape::descriptor, "fd"},
                              std::pair{Shape::optional, "optional"},
                              std::pair{Shape::pointer, "optional"},
                              std::pair{Shape::variant, "variant"},
                              std::pair{Shape::tuple, "tuple"},
                              std::pair{Shape::fixed_array, "array"},
                              std::pair{Shape::sequence, "array"},
                              std::pair{Shape::forward_sequence, "array"},
                              std::pair{Shape::set, "array"},
                              std::pair{Shape::map, "map"},
                              std::pair{Shape::multimap, "array"}};
  for (const auto& [shape, name] : kNames) {
    if (shape == What) {
      return name;
    }
  }
  return {};
}

template <class T>
void describe(Description& out) {
  constexpr Shape kShape = shape_of<T>();
  if constexpr (kShape == Shape::aggregate) {
    describe_struct<T>(out);
  } else if constexpr (kShape == Shape::custom || kShape == Shape::msgpack_define) {
    describe_custom<T>(out);
  } else if constexpr (kShape == Shape::duration) {
    describe_duration<T>(out);
  } else if constexpr (kShape == Shape::time_point) {
    out.add("time<");
    out.add(clock_name<typename T::clock>());
    out.add(",");
    describe_duration<typename T::duration>(out);
    out.add(">");
  } else if constexpr (std::is_same_v<PartsOf<T>, reflect::TypeList<>>) {
    out.add(simple_kind<kShape>());
    describe_length<T>(out);
  } else {
    describe_parts(out, simple_kind<kShape>(), PartsOf<T>{});
    describe_length<T>(out);
  }
}

// Appends the hash of one member more: of what the hash before it stands for, and of `text`.
void add_hash(std::vector<std::uint64_t>& prefixes, std::string_view text);

template <class T, class... Member>
void hash_members(Description& out, std::vector<std::uint64_t>& prefixes,
                  reflect::TypeList<Member...>) {
  out.enter(&kIdentity<T>);
  static_cast<void>(prefixes);
  ((out.add(reflect::kMemberNames<T>[prefixes.size()]), out.add(":"), describe<Member>(out),
    add_hash(prefixes, out.take())),
   ...);
}

template <class T>
Schema make_schema() {
  Description name{Description::Form::name};
  describe<T>(name);
  Description structure{Description::Form::structure};
  std::vector<std::uint64_t> prefixes;
  if constexpr (shape_of<T>() == Shape::aggregate) {
    hash_members<T>(structure, prefixes, PartsOf<T>{});
  } else {
    describe<T>(structure);
    add_hash(prefixes, structure.take());
  }
  return {name.take(), name.only_this_build() || structure.only_this_build(), std::move(prefixes)};
}

}  // namespace wire

template <class T>
const Schema& schema() {
  static const Schema made = wire::make_schema<T>();
  return made;
}

}  // namespace troupe
