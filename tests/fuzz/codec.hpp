// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every fuzz target of the codec does with its input: decode it as a T within limits, and when
// that works, encode the value and find that it decodes to the same bytes again. Once as it is, and
// once as a message of which parts stand elsewhere.

#include "harness/allocations.hpp"
#include "troupe/base/check.hpp"
#include "troupe/serialization/codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe_fuzz {

inline constexpr troupe::DecodeLimits kLimits{
    .depth = 16, .elements = 10'000, .string_bytes = 100'000, .total_bytes = 1U << 20U};

// What a decode may ask for beside what its limits allow: messages of errors, the last growth of a
// hash table, descriptors; and containers are charged about, not exactly.
inline constexpr std::size_t kSlack = std::size_t{1} << 18U;

template <class T>
void decode_and_return(const troupe::Incoming& input, troupe::Members members) {
  troupe::DecodeLimits limits = kLimits;
  limits.members = members;
  const std::size_t before = troupe::harness::allocations().total;
  const troupe::Result<T> first = troupe::decode<T>(input, limits);
  TROUPE_CHECK(troupe::harness::allocations().total - before <=
               2 * limits.total_bytes + 4 * input.bytes.size() + kSlack);
  if (!first) {
    return;
  }
  troupe::Encoded encoded;
  TROUPE_CHECK(troupe::encode(encoded, *first).has_value());
  const troupe::Bytes bytes = encoded.joined();
  const troupe::Result<T> second = troupe::decode<T>({.bytes = bytes});
  TROUPE_CHECK(second.has_value());
  troupe::Encoded again;
  TROUPE_CHECK(troupe::encode(again, *second).has_value());
  TROUPE_CHECK(again.joined() == bytes);
}

// The first bytes say how many parts there are, where they stand and how long they are.
template <class T>
void decode_parts_and_return(std::span<const std::byte> input, troupe::Members members) {
  std::vector<troupe::DetachedBytes> parts;
  std::size_t at = 0;
  for (int count = input.empty() ? 0 : std::to_integer<int>(input[0]) % 4;
       count > 0 && input.size() > 2; --count) {
    at += std::to_integer<std::size_t>(input[1]);
    const auto size = std::to_integer<std::size_t>(input[2]) * 40;
    parts.push_back({at, troupe::Buffer::owning(troupe::Bytes(size, std::byte{'x'}))});
    input = input.subspan(2);
  }
  decode_and_return<T>(
      {.bytes = input.subspan(std::min<std::size_t>(input.size(), 1)), .detached = parts}, members);
}

template <class T>
void decode_and_return(std::span<const std::byte> input, troupe::Members members) {
  decode_and_return<T>(troupe::Incoming{.bytes = input}, members);
  decode_parts_and_return<T>(input, members);
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span{data, size});
}

}  // namespace troupe_fuzz
