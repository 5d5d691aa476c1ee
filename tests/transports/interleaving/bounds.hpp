// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much is explored, and how much it was. TROUPE_TEST_INTERLEAVINGS: so many records more than
// by default (0); each makes about three times as much to explore, and soon wants more of the
// watchdog's patience (TROUPE_TEST_PATIENCE).

#include "transports/interleaving/explorer.hpp"

#include <cstdlib>
#include <iostream>

namespace troupe::interleaving {

inline std::size_t more() {
  const char* const text =
      std::getenv("TROUPE_TEST_INTERLEAVINGS");  // NOLINT(concurrency-mt-unsafe)
  return text != nullptr ? static_cast<std::size_t>(std::atoi(text)) : 0;
}

inline void say(const Explored& explored) {
  std::cout << explored.states << " states, " << explored.steps << " steps\n";
}

}  // namespace troupe::interleaving
