// SPDX-License-Identifier: Apache-2.0
#pragma once

// AuthKey: the secret that both ends of a connection must know. Proven by challenge, never sent,
// never printed, never part of an address. A value; thread-safe as any value is.

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"

#include <filesystem>
#include <span>
#include <string_view>

namespace troupe {

class AuthKey final {
 public:
  AuthKey() = default;  // no key
  explicit AuthKey(std::span<const std::byte> secret) : secret_(secret.begin(), secret.end()) {}
  explicit AuthKey(std::string_view secret) : AuthKey(bytes_of(secret)) {}

  // 32 bytes from the kernel.
  static AuthKey random();
  // The content of the file, without one line end at its end. Errors: system, refused (others than
  // the owner may read it), invalid_argument (empty, or above 4 KiB).
  static Result<AuthKey> from_file(const std::filesystem::path& path);

  bool empty() const noexcept { return secret_.empty(); }
  // For the handshake and for handing it to a child; not for printing.
  std::span<const std::byte> secret() const noexcept { return secret_; }

 private:
  Bytes secret_;
};

}  // namespace troupe
