// SPDX-License-Identifier: Apache-2.0
#pragma once

// troupe keygen: a key for ZeroMQ's CURVE, in two files.

#include <span>
#include <string_view>

namespace troupe::tools {

int keygen(std::span<const char* const> arguments);

std::string_view keygen_usage();

}  // namespace troupe::tools
