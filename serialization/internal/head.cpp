// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/internal/head.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace troupe::wire {

namespace {

using Kind = Reader::Kind;

// What a first byte says of its kind: how wide the value or length is that follows.
struct Form {
  Kind kind = Kind::invalid;
  std::uint8_t width = 0;  // bytes of length, count or number after the first byte
  bool is_signed = false;
  std::uint64_t fixed = 0;  // the value where width is 0
};

Form form_of(std::uint8_t first) noexcept {
  if (first < kFixMap) return {Kind::integer, 0, false, first};
  if (first < kFixArray) return {Kind::map, 0, false, first & 0xfU};
  if (first < kFixText) return {Kind::array, 0, false, first & 0xfU};
  if (first < kNil) return {Kind::text, 0, false, first & 0x1fU};
  if (first >= kNegativeFix) {
    return {Kind::integer, 0, true, static_cast<std::uint64_t>(static_cast<std::int8_t>(first))};
  }
  const auto power = [](unsigned exponent) { return static_cast<std::uint8_t>(1U << exponent); };
  if (first == kNil) return {Kind::nil};
  if (first == kNever) return {};
  if (first <= kTrue) return {Kind::boolean, 0, false, first == kTrue ? 1U : 0U};
  if (first < kExtension8) return {Kind::bytes, power(first - kBytes8)};
  if (first < kFloat32) return {Kind::extension, power(first - kExtension8)};
  if (first <= kFloat64) return {Kind::real, power(first - kFloat32 + 2U)};
  if (first < kSigned8) return {Kind::integer, power(first - kUnsigned8)};
  if (first < kFixExtension1) return {Kind::integer, power(first - kSigned8), true};
  if (first < kText8) return {Kind::extension, 0, false, power(first - kFixExtension1)};
  if (first < kArray16) return {Kind::text, power(first - kText8)};
  if (first < kMap16) return {Kind::array, power(first - kArray16 + 1U)};
  return {Kind::map, power(first - kMap16 + 1U)};
}

std::uint64_t load_width(const std::byte* at, std::uint8_t width, bool is_signed) noexcept {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value = (value << 8U) | static_cast<std::uint8_t>(at[i]);
  }
  if (is_signed && width < 8 && (value >> (8U * width - 1U)) != 0) {
    value |= ~std::uint64_t{0} << (8U * width);
  }
  return value;
}

std::string real_text(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text + "0" : text;
}

}  // namespace

Head read_head(const std::byte* at, const std::byte* end) noexcept {
  Head head;
  head.content = at;
  if (at == end) {
    return head;
  }
  const Form form = form_of(static_cast<std::uint8_t>(*at));
  const std::size_t code_bytes = form.kind == Kind::extension ? 1 : 0;
  if (form.kind == Kind::invalid ||
      static_cast<std::size_t>(end - at) < 1 + form.width + code_bytes) {
    head.kind = Kind::invalid;
    return head;
  }
  head.kind = form.kind;
  head.value = form.width == 0 ? form.fixed : load_width(at + 1, form.width, form.is_signed);
  head.negative = form.is_signed && static_cast<std::int64_t>(head.value) < 0;
  head.content = at + 1 + form.width;
  if (code_bytes != 0) {
    head.code = static_cast<std::int8_t>(*head.content++);
  }
  if (form.kind == Kind::real && form.width == sizeof(float)) {
    const auto narrow = std::bit_cast<float>(static_cast<std::uint32_t>(head.value));
    head.value = std::bit_cast<std::uint64_t>(static_cast<double>(narrow));
  }
  return head;
}

std::string counted(std::uint64_t count, std::string_view unit) {
  return std::to_string(count) + " " + std::string{unit} + (count == 1 ? "" : "s");
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown{text.substr(0, kShown)};
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return '"' + shown + (text.size() > kShown ? "...\"" : "\"");
}

std::string number_text(const Head& head) {
  return head.negative ? std::to_string(static_cast<std::int64_t>(head.value))
                       : std::to_string(head.value);
}

std::string describe(const Head& head) {
  switch (head.kind) {
    case Kind::nil:
      return "nil";
    case Kind::boolean:
      return head.value != 0 ? "true" : "false";
    case Kind::integer:
      return "the integer " + number_text(head);
    case Kind::real:
      return "the float " + real_text(std::bit_cast<double>(head.value));
    case Kind::text:
      return "a string of " + counted(head.value, "byte");
    case Kind::bytes:
      return "a byte string of " + counted(head.value, "byte");
    case Kind::array:
      return "an array of " + counted(head.value, "element");
    case Kind::map:
      return "a map of " + std::to_string(head.value) + (head.value == 1 ? " entry" : " entries");
    case Kind::extension:
      return "an extension of code " + std::to_string(head.code);
    case Kind::end:
      return "the end of the message";
    case Kind::invalid:
      break;
  }
  return "a value that is cut off or invalid";
}

}  // namespace troupe::wire
