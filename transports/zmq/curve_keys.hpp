// SPDX-License-Identifier: Apache-2.0
#pragma once

// CurveKeys: a key of ZeroMQ's CURVE, its halves as text of 40 letters (Z85), and its files in the
// form that pyzmq's and CZMQ's certificates have: NAME.key is public, NAME.key_secret has both.

#include "troupe/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace troupe::transports {

struct CurveKeys {
  std::string public_key;
  std::string secret_key;  // empty where only the public one is known

  // A new one. Errors: refused (this libzmq has no CURVE).
  static Result<CurveKeys> make();
  // Of a file; `secret`: it must have the secret key, and be nobody else's to read. Errors:
  // not_found, refused, invalid_argument, system; `doing` names the file.
  static Result<CurveKeys> read(const std::filesystem::path& path, bool secret,
                                const std::string& doing);
  // Makes `path`.key and `path`.key_secret, which must not be there. Errors: exists, refused,
  // not_found, system.
  Result<void> write(const std::filesystem::path& path) const;
};

// Whether libzmq uses libsodium, and what is to be said where it does not.
bool curve_is_fast() noexcept;
inline constexpr std::string_view kSlowCurve =
    "this libzmq was built without libsodium: its CURVE is many times slower";

bool is_curve_key(std::string_view text) noexcept;

}  // namespace troupe::transports
