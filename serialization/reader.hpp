// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reader: takes values out of an incoming message. A Codec<T> of yours is handed one and reads
// exactly one value with it. The first failure is kept and ends the reading: every later call fails
// too, and decode() returns it with the path of the member where it happened. Nothing a peer sends
// is trusted: lengths and counts are held against the bytes that are left and against DecodeLimits
// before memory is asked for. One thread at a time.

#include "troupe/base/result.hpp"
#include "troupe/serialization/encoded.hpp"
#include "troupe/serialization/limits.hpp"
#include "troupe/serialization/wire.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

class Reader final {
 public:
  // What stands next in the message.
  enum class Kind : std::uint8_t {
    nil,
    boolean,
    integer,
    real,
    text,
    bytes,
    array,
    map,
    extension,
    end,      // nothing: the message ends here
    invalid,  // no value: the byte 0xc1, or a value that the message's end cuts off
  };

  // `in` and `limits` must live as long as the Reader.
  explicit Reader(const Incoming& in, const DecodeLimits& limits)
      : at_(in.bytes.data()),
        end_(in.bytes.data() + in.bytes.size()),
        budget_(limits.total_bytes),
        in_(in),
        limits_(limits) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() = default;

  // ---- For a Codec. Errors: malformed, saying what was expected and what was found. ----

  // Any value that can be a message: codec.hpp defines it.
  template <class T>
  Result<T> value();
  Kind next() const noexcept;
  Result<std::string_view> text();  // both are views of the message: copy what is kept
  Result<std::span<const std::byte>> bytes();
  Result<std::size_t> array();  // the count; the caller reads so many values next
  Result<std::size_t> map();    // the count; the caller reads so many keys and values next
  Result<void> skip();          // one value, whatever it is
  // The failure so far; Code::malformed. Only when failed().
  Error error() const;
  bool failed() const noexcept { return failure_ != nullptr; }
  const DecodeLimits& limits() const noexcept { return limits_; }

  // ---- What the library's own codecs use: false means that a failure is kept; return at once.
  // ----

  bool take_nil() noexcept {
    return take_byte(wire::kNil);
  }  // false keeps no failure: there was none
  bool take(bool& out);
  template <std::integral I>
  bool take(I& out);
  bool take(float& out);
  bool take(double& out);
  bool take(std::string_view& out);
  bool take(std::span<const std::byte>& out);
  bool take(Buffer& out);
  bool take(UniqueFd& out);
  bool take_extension(std::int8_t& code, std::span<const std::byte>& payload);
  // The count of an array or map whose elements take `element_bytes` each in memory.
  bool take_array(std::size_t& count, std::size_t element_bytes);
  bool take_map(std::size_t& count, std::size_t element_bytes);
  // An array of exactly `count` in its smallest form. False keeps no failure.
  bool take_array_of(std::size_t count) noexcept {
    return count < 0x10 && take_byte(static_cast<std::uint8_t>(wire::kFixArray | count));
  }
  // The count or length that the next value's head announces, or the integer that it is.
  std::uint64_t next_count() const noexcept;
  bool next_is_negative() const noexcept;
  // One value, as the msgpack it is or unread; `values` counts it and all inside of it.
  bool take_encoded(std::span<const std::byte>& out, std::size_t* values = nullptr);
  bool skip_value(std::size_t* values = nullptr);
  bool at_end() const noexcept { return at_ == end_; }
  const std::byte* place() const noexcept { return at_; }

  // Memory that is about to be asked for; charge_text also holds a string to its limit.
  bool charge_text(std::size_t length) {
    return (length <= limits_.string_bytes || fail_string(length)) && charge(length);
  }
  bool charge(std::size_t bytes) {
    if (bytes > budget_) [[unlikely]] {
      return over_budget(bytes);
    }
    budget_ -= bytes;
    return true;
  }
  // One level of nesting that the type does not bound.
  bool enter() { return depth_ < limits_.depth ? (++depth_, true) : too_deep(); }
  void leave() noexcept { --depth_; }

  // Keep a failure; always false. `expected` reads "a float".
  bool fail_expected(std::string_view expected);
  bool fail_length(std::size_t expected, std::size_t found);  // of an array or byte string
  bool fail(std::string what);
  bool fail(const Error& error);
  // On the way out of a failure: where it was. Path parts are put in front of what is there.
  void in_member(std::string_view name);
  void in_element(std::size_t index);
  void in_part(std::string_view part);
  void in_key(const std::byte* key);  // a map's value whose key stands at `key`
  // The failure told about a `root`, or that bytes trail after the value, with the likely cause.
  Error final_error(std::string_view root);

 private:
  struct Failure {
    Code code = Code::malformed;
    std::string path;  // ".score", "[3].name"
    std::string what;
  };
  struct WireInteger {
    std::uint64_t bits = 0;
    bool negative = false;
  };

  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool take_byte(std::uint8_t first) noexcept {
    if (at_ != end_ && *at_ == std::byte{first}) {
      ++at_;
      return true;
    }
    return false;
  }
  // The places after the head of an integer; null: there is none, or it is cut off.
  const std::byte* find_integer(WireInteger& found) const noexcept;
  // What stands at `content`, of so many bytes: there, or elsewhere (Incoming::detached), when
  // nothing is taken from the message itself. False: it is cut off.
  bool take_bytes(std::span<const std::byte>& out, const Buffer** elsewhere);
  bool find_content(const std::byte* content, std::uint64_t size, std::span<const std::byte>& out,
                    const Buffer** elsewhere = nullptr);
  const DetachedBytes* detached_at(const std::byte* content) const noexcept;
  bool take_real(double& out);
  bool take_long_text(std::string_view& out);
  bool check_count(std::size_t count, std::size_t most, std::size_t element_bytes);
  bool fail_range(WireInteger found, std::int64_t least, std::uint64_t most);
  bool fail_string(std::size_t length);
  bool over_budget(std::size_t bytes);
  bool too_deep();

  const std::byte* at_;
  const std::byte* const end_;
  std::size_t budget_;
  std::size_t depth_ = 0;
  std::size_t detached_ = 0;  // how many have been taken
  std::unique_ptr<Failure> failure_;
  std::unique_ptr<Bytes> joined_;  // a value that was taken as msgpack and partly stood elsewhere
  const Incoming& in_;
  const DecodeLimits& limits_;
};

template <std::integral I>
bool Reader::take(I& out) {
  if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]] {
    out = static_cast<I>(*at_);
    ++at_;
    return true;
  }
  using Limits = std::numeric_limits<I>;
  WireInteger found;
  const std::byte* const next = find_integer(found);
  if (next == nullptr) [[unlikely]] {
    return fail_expected("an integer");
  }
  if (found.negative
          ? static_cast<std::int64_t>(found.bits) < static_cast<std::int64_t>(Limits::min())
          : found.bits > static_cast<std::uint64_t>(Limits::max())) [[unlikely]] {
    return fail_range(found, static_cast<std::int64_t>(Limits::min()),
                      static_cast<std::uint64_t>(Limits::max()));
  }
  out = static_cast<I>(found.bits);
  at_ = next;
  return true;
}

inline const std::byte* Reader::find_integer(WireInteger& found) const noexcept {
  if (at_ == end_) return nullptr;
  const auto first = static_cast<std::uint8_t>(*at_);
  const std::byte* const body = at_ + 1;
  if (first < 0x80 || first >= wire::kNegativeFix) {
    found.bits = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(first)});
    found.negative = first >= wire::kNegativeFix;
    return body;
  }
  if (first < wire::kUnsigned8 || first > wire::kSigned8 + 3) return nullptr;
  const std::size_t width = std::size_t{1} << (first & 3U);
  if (left() <= width) return nullptr;
  const bool is_signed = first >= wire::kSigned8;
  switch (width) {
    case 1: {
      const auto value = wire::load<std::uint8_t>(body);
      found.bits = is_signed ? static_cast<std::uint64_t>(static_cast<std::int8_t>(value)) : value;
      break;
    }
    case 2: {
      const auto value = wire::load<std::uint16_t>(body);
      found.bits = is_signed ? static_cast<std::uint64_t>(static_cast<std::int16_t>(value)) : value;
      break;
    }
    case 4: {
      const auto value = wire::load<std::uint32_t>(body);
      found.bits = is_signed ? static_cast<std::uint64_t>(static_cast<std::int32_t>(value)) : value;
      break;
    }
    default:
      found.bits = wire::load<std::uint64_t>(body);
  }
  found.negative = is_signed && static_cast<std::int64_t>(found.bits) < 0;
  return body + width;
}

inline bool Reader::take(bool& out) {
  if (take_byte(wire::kTrue)) {
    out = true;
    return true;
  }
  if (take_byte(wire::kFalse)) {
    out = false;
    return true;
  }
  return fail_expected("true or false");
}

inline bool Reader::take(double& out) {
  if (left() > sizeof(double) && *at_ == std::byte{wire::kFloat64}) [[likely]] {
    out = std::bit_cast<double>(wire::load<std::uint64_t>(at_ + 1));
    at_ += 1 + sizeof(double);
    return true;
  }
  return take_real(out);
}

inline bool Reader::take(float& out) {
  if (left() > sizeof(float) && *at_ == std::byte{wire::kFloat32}) [[likely]] {
    out = std::bit_cast<float>(wire::load<std::uint32_t>(at_ + 1));
    at_ += 1 + sizeof(float);
    return true;
  }
  double wide = 0;
  if (!take_real(wide)) return false;
  out = static_cast<float>(wide);
  return true;
}

inline bool Reader::take(std::string_view& out) {
  if (at_ == end_) [[unlikely]]
    return take_long_text(out);
  const auto first = static_cast<std::uint8_t>(*at_);
  std::size_t length = 0;
  const std::byte* body = at_ + 1;
  if ((first & 0xe0U) == wire::kFixText) {
    length = first & 0x1fU;
  } else if (first == wire::kText8 && left() > 1) {
    length = static_cast<std::size_t>(*body++);
  } else {
    return take_long_text(out);
  }
  if (static_cast<std::size_t>(end_ - body) < length) [[unlikely]]
    return take_long_text(out);
  out = {reinterpret_cast<const char*>(body), length};
  at_ = body + length;
  return true;
}

}  // namespace troupe
