// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md), written without a
// check: the caller has made room. Each function takes where to write and returns the end of what
// it wrote; integers and lengths take the smallest form, as python3-msgpack's do. Part of the wire
// format.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace troupe::wire {

// First bytes. fix forms carry the value or length in their low bits.
inline constexpr std::uint8_t kFixMap = 0x80;
inline constexpr std::uint8_t kFixArray = 0x90;
inline constexpr std::uint8_t kFixText = 0xa0;
inline constexpr std::uint8_t kNil = 0xc0;
inline constexpr std::uint8_t kNever = 0xc1;
inline constexpr std::uint8_t kFalse = 0xc2;
inline constexpr std::uint8_t kTrue = 0xc3;
inline constexpr std::uint8_t kBytes8 = 0xc4;  // +1: 16 bits of length, +2: 32
inline constexpr std::uint8_t kExtension8 = 0xc7;
inline constexpr std::uint8_t kFloat32 = 0xca;
inline constexpr std::uint8_t kFloat64 = 0xcb;
inline constexpr std::uint8_t kUnsigned8 = 0xcc;  // +1: 16 bits, +2: 32, +3: 64
inline constexpr std::uint8_t kSigned8 = 0xd0;
inline constexpr std::uint8_t kFixExtension1 = 0xd4;  // +1: 2 bytes, +2: 4, +3: 8, +4: 16
inline constexpr std::uint8_t kText8 = 0xd9;
inline constexpr std::uint8_t kArray16 = 0xdc;  // +1: 32 bits
inline constexpr std::uint8_t kMap16 = 0xde;
inline constexpr std::uint8_t kNegativeFix = 0xe0;

// A file descriptor: an extension of this code whose one byte is its place in Encoded::fds.
inline constexpr std::int8_t kDescriptorCode = 1;

// The most bytes that the head of a string, byte string, array, map or extension takes, and any
// number.
inline constexpr std::size_t kMostHead = 6;
inline constexpr std::size_t kMostNumber = 9;
inline constexpr std::uint64_t kMostLength = 0xffffffff;  // of a string, byte string, array or map

template <std::unsigned_integral U>
constexpr U big_endian(U value) noexcept {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(U) == 8) {
    return __builtin_bswap64(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else {
    return value;
  }
}

template <std::unsigned_integral U>
U load(const std::byte* at) noexcept {
  U value;
  std::memcpy(&value, at, sizeof value);
  return big_endian(value);
}

inline std::byte* put_byte(std::byte* at, std::uint8_t value) noexcept {
  *at = std::byte{value};
  return at + 1;
}

// `first`, then `value` in full width.
template <std::unsigned_integral U>
std::byte* put_wide(std::byte* at, std::uint8_t first, U value) noexcept {
  *at = std::byte{first};
  value = big_endian(value);
  std::memcpy(at + 1, &value, sizeof value);
  return at + 1 + sizeof value;
}

inline std::byte* put_unsigned(std::byte* at, std::uint64_t value) noexcept {
  if (value < 0x80) return put_byte(at, static_cast<std::uint8_t>(value));
  if (value <= 0xff) return put_wide(at, kUnsigned8, static_cast<std::uint8_t>(value));
  if (value <= 0xffff) return put_wide(at, kUnsigned8 + 1, static_cast<std::uint16_t>(value));
  if (value <= 0xffffffff) return put_wide(at, kUnsigned8 + 2, static_cast<std::uint32_t>(value));
  return put_wide(at, kUnsigned8 + 3, value);
}

inline std::byte* put_signed(std::byte* at, std::int64_t value) noexcept {
  if (value >= 0) return put_unsigned(at, static_cast<std::uint64_t>(value));
  if (value >= -0x20) return put_byte(at, static_cast<std::uint8_t>(value));
  if (value >= -0x80) return put_wide(at, kSigned8, static_cast<std::uint8_t>(value));
  if (value >= -0x8000) return put_wide(at, kSigned8 + 1, static_cast<std::uint16_t>(value));
  if (value >= -0x80000000LL) return put_wide(at, kSigned8 + 2, static_cast<std::uint32_t>(value));
  return put_wide(at, kSigned8 + 3, static_cast<std::uint64_t>(value));
}

inline std::byte* put_nil(std::byte* at) noexcept {
  return put_byte(at, kNil);
}
inline std::byte* put_boolean(std::byte* at, bool value) noexcept {
  return put_byte(at, value ? kTrue : kFalse);
}
inline std::byte* put_float(std::byte* at, float value) noexcept {
  return put_wide(at, kFloat32, std::bit_cast<std::uint32_t>(value));
}
inline std::byte* put_double(std::byte* at, double value) noexcept {
  return put_wide(at, kFloat64, std::bit_cast<std::uint64_t>(value));
}

// Heads; lengths are at most kMostLength.
inline std::byte* put_text_head(std::byte* at, std::size_t length) noexcept {
  if (length < 0x20) return put_byte(at, static_cast<std::uint8_t>(kFixText | length));
  if (length <= 0xff) return put_wide(at, kText8, static_cast<std::uint8_t>(length));
  if (length <= 0xffff) return put_wide(at, kText8 + 1, static_cast<std::uint16_t>(length));
  return put_wide(at, kText8 + 2, static_cast<std::uint32_t>(length));
}

inline std::byte* put_bytes_head(std::byte* at, std::size_t length) noexcept {
  if (length <= 0xff) return put_wide(at, kBytes8, static_cast<std::uint8_t>(length));
  if (length <= 0xffff) return put_wide(at, kBytes8 + 1, static_cast<std::uint16_t>(length));
  return put_wide(at, kBytes8 + 2, static_cast<std::uint32_t>(length));
}

inline std::byte* put_array_head(std::byte* at, std::size_t count) noexcept {
  if (count < 0x10) return put_byte(at, static_cast<std::uint8_t>(kFixArray | count));
  if (count <= 0xffff) return put_wide(at, kArray16, static_cast<std::uint16_t>(count));
  return put_wide(at, kArray16 + 1, static_cast<std::uint32_t>(count));
}

inline std::byte* put_map_head(std::byte* at, std::size_t count) noexcept {
  if (count < 0x10) return put_byte(at, static_cast<std::uint8_t>(kFixMap | count));
  if (count <= 0xffff) return put_wide(at, kMap16, static_cast<std::uint16_t>(count));
  return put_wide(at, kMap16 + 1, static_cast<std::uint32_t>(count));
}

inline std::byte* put_extension_head(std::byte* at, std::int8_t code, std::size_t length) noexcept {
  const auto type = static_cast<std::uint8_t>(code);
  if (std::has_single_bit(length) && length <= 16) {
    at = put_byte(at, static_cast<std::uint8_t>(kFixExtension1 + std::countr_zero(length)));
  } else if (length <= 0xff) {
    at = put_wide(at, kExtension8, static_cast<std::uint8_t>(length));
  } else if (length <= 0xffff) {
    at = put_wide(at, kExtension8 + 1, static_cast<std::uint16_t>(length));
  } else {
    at = put_wide(at, kExtension8 + 2, static_cast<std::uint32_t>(length));
  }
  return put_byte(at, type);
}

inline std::byte* put_raw(std::byte* at, std::span<const std::byte> bytes) noexcept {
  if (!bytes.empty()) {
    std::memcpy(at, bytes.data(), bytes.size());
  }
  return at + bytes.size();
}

}  // namespace troupe::wire
