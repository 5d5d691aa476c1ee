// SPDX-License-Identifier: Apache-2.0
// The links of nodes, their own code, over the network of a World: whatever the seed does to nodes
// and to what is between them, each ask has one end and each monitor one Down, and nothing arrives
// twice, out of its order, or in another life than it was sent to. TROUPE_TEST_SEEDS sets how many
// seeds are tried (400), TROUPE_TEST_FIRST_SEED from which on (1).
#include "harness/sanitized.hpp"
#include "linked_nodes.hpp"
#include "seed_range.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::linked {
namespace {

TEST(NodeLinkTest, EachAskAndMonitorHasOneEndAndEachMessageItsPlaceWhateverHappens) {
  for (sim::SeedRange range = harness::seeds(400); !range.empty(); ++range.first) {
    Book book;
    sim::World world{range.first, options()};
    std::string wrong;
    sim::run_seed(
        range.first,
        [&] {
          wrong = Scenario{book, world}.run();
          return wrong.empty();
        },
        [&] { return wrong + "\n" + world.trace(100); });
  }
}

TEST(NodeLinkTest, ANodeMayCrashAtEachStep) {
  const unsigned every = harness::kSanitized ? 20 : 1;
  for (const std::string node : {"bank", "desk"}) {
    for (unsigned step = 0; step < 250; step += every) {
      Book book;
      sim::World world{7, options()};
      EXPECT_EQ((Scenario{book, world}.run_with_crash(node, step)), "")
          << node << " at step " << step;
    }
  }
}

TEST(NodeLinkTest, TheSameSeedGivesTheSameTrace) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Book book;
    sim::World world{seed, options()};
    (void)Scenario{book, world}.run();
    Book other;
    sim::World again{seed, options()};
    (void)Scenario{other, again}.run();
    EXPECT_EQ(world.trace(), again.trace());
  }
}

}  // namespace
}  // namespace troupe::linked
