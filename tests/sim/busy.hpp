// SPDX-License-Identifier: Apache-2.0
#pragma once

// A world in which everything happens that a trace can tell of.

#include <cstdint>
#include <string>

namespace troupe::test {

std::string busy_trace(std::uint64_t seed);

}  // namespace troupe::test
