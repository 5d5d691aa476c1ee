// SPDX-License-Identifier: Apache-2.0
#pragma once

// HMAC by the digests that CPython's handshake knows.

#include "troupe/base/bytes.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace troupe::transports {

// `digest` is one of md5 sha256 sha384 sha3_256 sha3_384; empty for any other, and where the
// system's cryptographic library refuses the digest (MD5 under FIPS).
std::optional<Bytes> hmac(std::string_view digest, std::span<const std::byte> key,
                          std::span<const std::byte> message);

// Compares in a time that does not depend on where the two differ.
bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

}  // namespace troupe::transports
