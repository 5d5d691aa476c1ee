// SPDX-License-Identifier: Apache-2.0
#pragma once

// The floor of an ask: Boost.Context's switch to another fiber and back.

#include "../exchange.hpp"

namespace bench {

// Seconds there and back.
double switch_pair(const Meter& meter);

}  // namespace bench
