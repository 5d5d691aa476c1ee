// SPDX-License-Identifier: Apache-2.0
#pragma once

// The seeds that a test tries: TROUPE_TEST_SEEDS says how many, TROUPE_TEST_FIRST_SEED from which
// on (1); TROUPE_SEED=n: that one only.

#include "harness/repetition.hpp"
#include "harness/sanitized.hpp"
#include "troupe/sim/for_each_seed.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::harness {

// `usual` of them where nothing is said, and a few under a sanitizer.
inline sim::SeedRange seeds(int usual) {
  const auto count = times("TROUPE_TEST_SEEDS", kSanitized ? 50 : usual);
  const auto before = times("TROUPE_TEST_FIRST_SEED", 1) - 1;
  sim::SeedRange range = sim::seeds_to_run(static_cast<std::size_t>(count));
  if (range.last != range.first) {  // else it is TROUPE_SEED
    range.first += static_cast<std::uint64_t>(before);
    range.last += static_cast<std::uint64_t>(before);
  }
  return range;
}

}  // namespace troupe::harness
