// SPDX-License-Identifier: Apache-2.0
#include "bank.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::test {
namespace {

constexpr std::uint64_t kSeeds = harness::kSanitized ? 300 : 10'000;

TEST(PlantedBugTest, ALostUpdateIsFoundAndItsSeedReplays) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    sim::World world{seed};
    if (two_deposits<HastyTeller>(world) == 20) {
      continue;
    }
    sim::World again{seed};
    EXPECT_EQ(two_deposits<HastyTeller>(again), 10);
    EXPECT_EQ(again.trace(), world.trace());
    return;
  }
  FAIL() << "not found within " << kSeeds << " seeds";
}

TEST(PlantedBugTest, TheMendedTellerStandsEverySeed) {
  sim::for_each_seed(kSeeds,
                     [](sim::World& world) { return two_deposits<CarefulTeller>(world) == 20; });
}

}  // namespace
}  // namespace troupe::test
