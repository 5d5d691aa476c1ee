// SPDX-License-Identifier: Apache-2.0
// What becomes of the links when a bug is planted in them: here a node takes whoever listens at the
// address of a handle for the one that the handle speaks of, however often it has been restarted.
#include "linked_nodes.hpp"
#include "troupe/runtime/node/internal/same_life.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::node {

// In the place of the library's.
bool is_same_life(const NodeInfo& /*node*/, const ActorAddress& /*address*/) noexcept {
  return true;
}

}  // namespace troupe::node

namespace troupe::linked {
namespace {

TEST(PlantedLinkBugTest, AMessageToAnotherLifeIsFoundAndItsSeedReplays) {
  constexpr std::uint64_t kSeeds = 10'000;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Book book;
    sim::World world{seed, options()};
    const std::string wrong = Scenario{book, world}.run();
    if (wrong.empty()) {
      continue;
    }
    EXPECT_EQ(wrong, "a message reached another life than it was sent to") << "seed " << seed;
    Book again_book;
    sim::World again{seed, options()};
    EXPECT_EQ((Scenario{again_book, again}.run()), wrong);
    EXPECT_EQ(again.trace(), world.trace());
    return;
  }
  FAIL() << "not found within " << kSeeds << " seeds";
}

}  // namespace
}  // namespace troupe::linked
