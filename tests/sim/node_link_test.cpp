// SPDX-License-Identifier: Apache-2.0
// The links of nodes, their own code, over the network of a World: whatever the seed does to nodes
// and to what is between them, each ask has one end and each monitor one Down, and nothing arrives
// twice, out of its order, or in another life than it was sent to. TROUPE_TEST_SEEDS sets how many
// seeds are tried (1000).
#include "harness/repetition.hpp"
#include "harness/sanitized.hpp"
#include "linked_nodes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::linked {
namespace {

std::size_t seeds() {
  return static_cast<std::size_t>(
      harness::times("TROUPE_TEST_SEEDS", harness::kSanitized ? 50 : 1000));
}

TEST(NodeLinkTest, NothingIsLostTwiceToldOrInTheWrongLifeWhateverHappens) {
  sim::for_each_seed(seeds(), [](std::uint64_t seed) {
    Book book;
    sim::World world{seed, options()};
    const std::string wrong = Scenario{book, world}.run();
    if (!wrong.empty()) {
      throw Error{Code::failed, wrong + "\n" + world.trace(100)};
    }
  });
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
