// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/dynamic.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <limits>

namespace troupe {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view text{digits.data(), static_cast<std::size_t>(result.ptr - digits.data())};
  out += text;
  if constexpr (std::floating_point<Number>) {
    if (text.find_first_not_of("-0123456789") == std::string_view::npos) {
      out += ".0";
    }
  }
}

// Entries by the bytes of their keys, so that two orders can be compared.
using Sorted = std::vector<std::pair<Bytes, const Dynamic*>>;

Sorted sorted(const Dynamic::Map& map) {
  Sorted entries;
  entries.reserve(map.size());
  Encoded key;
  for (const Dynamic::Entry& entry : map) {
    key.clear();
    encode(key, entry.first).value();
    entries.emplace_back(key.joined(), &entry.second);
  }
  std::ranges::sort(entries, std::less{}, &Sorted::value_type::first);
  return entries;
}

bool same_entries(const Dynamic::Map& a, const Dynamic::Map& b) {
  if (a.size() != b.size()) {
    return false;
  }
  return std::ranges::equal(a, b) ||
         std::ranges::equal(sorted(a), sorted(b), [](const auto& x, const auto& y) {
           return x.first == y.first && *x.second == *y.second;
         });
}

}  // namespace

void Dynamic::set(std::uint64_t number) {
  if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(number);
  } else {
    value_ = number;
  }
}

Dynamic Dynamic::from(const Encoded& encoded) {
  const Bytes bytes = encoded.joined();
  constexpr DecodeLimits kOurOwn{.elements = std::numeric_limits<std::size_t>::max(),
                                 .string_bytes = std::numeric_limits<std::size_t>::max(),
                                 .total_bytes = std::numeric_limits<std::size_t>::max()};
  return decode<Dynamic>({.bytes = bytes}, kOurOwn).value();
}

const Dynamic* Dynamic::find(std::string_view key) const noexcept {
  const Map* const map = std::get_if<Map>(&value_);
  if (map == nullptr) {
    return nullptr;
  }
  const auto entry = std::ranges::find_if(*map, [key](const Entry& candidate) {
    const std::string* const text = std::get_if<std::string>(&candidate.first.value_);
    return text != nullptr && *text == key;
  });
  return entry == map->end() ? nullptr : &entry->second;
}

const Dynamic* Dynamic::find(std::size_t index) const noexcept {
  const Array* const array = std::get_if<Array>(&value_);
  return array != nullptr && index < array->size() ? &(*array)[index] : nullptr;
}

void Dynamic::write_map(Writer& writer, const Map& map) {
  writer.map(map.size());
  if (writer.enter()) {
    for (const auto& [key, value] : map) {
      key.write(writer);
      value.write(writer);
    }
    writer.leave();
  }
}

void Dynamic::write(Writer& writer) const {
  std::visit(Overloaded{
                 [&](std::monostate) { writer.nil(); },
                 [&](const Extension& value) { writer.extension(value.code, value.payload); },
                 [&](const Map& map) { write_map(writer, map); },
                 [&](const auto& value) { writer.value(value); },
             },
             value_);
}

bool Dynamic::take_map(Reader& reader) {
  std::size_t count = 0;
  if (!reader.take_map(count, sizeof(Entry)) || !reader.enter()) {
    return false;
  }
  Map& map = value_.emplace<Map>(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!map[i].first.take(reader) || !map[i].second.take(reader)) {
      reader.in_element(i);
      return false;
    }
  }
  reader.leave();
  return true;
}

bool Dynamic::take_extension(Reader& reader) {
  Extension& extension = value_.emplace<Extension>();
  std::span<const std::byte> payload;
  if (!reader.take_extension(extension.code, payload) || !reader.charge_text(payload.size())) {
    return false;
  }
  extension.payload.assign(payload.begin(), payload.end());
  return true;
}

bool Dynamic::take(Reader& reader) {
  switch (reader.next()) {
    case Reader::Kind::nil:
      value_ = std::monostate{};
      return reader.take_nil();
    case Reader::Kind::boolean:
      return reader.take(value_.emplace<bool>());
    case Reader::Kind::integer: {
      if (reader.next_is_negative()) {
        return reader.take(value_.emplace<std::int64_t>());
      }
      std::uint64_t number = 0;
      if (!reader.take(number)) {
        return false;
      }
      set(number);
      return true;
    }
    case Reader::Kind::real:
      return reader.take(value_.emplace<double>());
    case Reader::Kind::text:
      return wire::Wire<std::string>::take(reader, value_.emplace<std::string>());
    case Reader::Kind::bytes:
      return wire::Wire<Bytes>::take(reader, value_.emplace<Bytes>());
    case Reader::Kind::array:
      return wire::Wire<Array>::take(reader, value_.emplace<Array>());
    case Reader::Kind::map:
      return take_map(reader);
    case Reader::Kind::extension:
      return take_extension(reader);
    case Reader::Kind::end:
    case Reader::Kind::invalid:
      break;
  }
  return reader.fail_expected("a value");
}

std::string Dynamic::text() const {
  std::string out;
  append_to(out);
  return out;
}

void Dynamic::append_to(std::string& out) const {
  std::visit(Overloaded{
                 [&](std::monostate) { out += "nil"; },
                 [&](bool value) { out += value ? "true" : "false"; },
                 [&](const std::string& value) { append_quoted(out, value); },
                 [&](const Bytes& value) { out += "bytes(" + std::to_string(value.size()) + ")"; },
                 [&](const Array& value) {
                   std::string_view between = "[";
                   for (const Dynamic& element : value) {
                     out += std::exchange(between, ", ");
                     element.append_to(out);
                   }
                   out += value.empty() ? "[]" : "]";
                 },
                 [&](const Map& value) {
                   std::string_view between = "{";
                   for (const auto& [key, mapped] : value) {
                     out += std::exchange(between, ", ");
                     key.append_to(out);
                     out += ": ";
                     mapped.append_to(out);
                   }
                   out += value.empty() ? "{}" : "}";
                 },
                 [&](const Extension& value) {
                   out += "extension(" + std::to_string(value.code) + ", " +
                          std::to_string(value.payload.size()) + ")";
                 },
                 [&](auto number) { append_number(out, number); },
             },
             value_);
}

bool operator==(const Dynamic& a, const Dynamic& b) {
  if (a.kind() == Dynamic::Kind::map && b.kind() == Dynamic::Kind::map) {
    return same_entries(std::get<Dynamic::Map>(a.value_), std::get<Dynamic::Map>(b.value_));
  }
  return a.value_ == b.value_;
}

}  // namespace troupe
