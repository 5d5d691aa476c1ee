// SPDX-License-Identifier: Apache-2.0
#pragma once

// RemoteError: an Error as it crosses to another process. Part of the wire format. Not for users.

#include "troupe/base/error.hpp"

#include <cstdint>
#include <string>

namespace troupe::actor {

struct RemoteError {
  std::uint8_t code = 0;
  bool effect_unknown = false;
  std::int32_t application_code = 0;
  std::string what;
};

RemoteError to_wire(const Error& error);
Error from_wire(const RemoteError& error);

}  // namespace troupe::actor
