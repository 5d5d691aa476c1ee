// SPDX-License-Identifier: Apache-2.0
#pragma once

// The length before each message, as CPython's multiprocessing.connection writes it on every POSIX
// system (docs/wire-protocol.md#frames): 4 bytes, big-endian signed; -1 announces 8 bytes more,
// big-endian unsigned, for what does not fit 31 bits. Part of the wire format.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace troupe::transports {

constexpr std::size_t kShortHeader = 4;
constexpr std::size_t kLongHeader = 12;
constexpr std::uint64_t kMaxShort = 0x7fffffff;

struct FrameHeader {
  std::array<std::byte, kLongHeader> bytes{};
  std::size_t size = 0;

  std::span<const std::byte> span() const noexcept { return std::span{bytes}.first(size); }
};

template <class Unsigned>
constexpr Unsigned big_endian(Unsigned value) noexcept {
  static_assert(sizeof(Unsigned) == 4 || sizeof(Unsigned) == 8);
  if constexpr (sizeof(Unsigned) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

inline FrameHeader encode_header(std::uint64_t length) noexcept {
  FrameHeader header;
  const bool is_short = length <= kMaxShort;
  const std::uint32_t word =
      big_endian(is_short ? static_cast<std::uint32_t>(length) : 0xffffffffU);
  std::memcpy(header.bytes.data(), &word, sizeof word);
  header.size = kShortHeader;
  if (!is_short) {
    const std::uint64_t wide = big_endian(length);
    std::memcpy(header.bytes.data() + kShortHeader, &wide, sizeof wide);
    header.size = kLongHeader;
  }
  return header;
}

struct ParsedHeader {
  std::uint64_t length = 0;
  std::size_t size = 0;   // of the header itself
  bool negative = false;  // a length below -1: no valid header
};

// Nothing while `bytes` holds only a part of the header.
inline std::optional<ParsedHeader> parse_header(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kShortHeader) {
    return std::nullopt;
  }
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  word = big_endian(word);
  if (word <= kMaxShort) {
    return ParsedHeader{word, kShortHeader, false};
  }
  if (word != 0xffffffffU) {
    return ParsedHeader{word, kShortHeader, true};
  }
  if (bytes.size() < kLongHeader) {
    return std::nullopt;
  }
  std::uint64_t wide = 0;
  std::memcpy(&wide, bytes.data() + kShortHeader, sizeof wide);
  return ParsedHeader{big_endian(wide), kLongHeader, false};
}

}  // namespace troupe::transports
