// SPDX-License-Identifier: Apache-2.0
// A queue, its own code, over the network of a World: whatever the seed does to its clients and to
// what is between them and its owner, nothing that was accepted is lost, nothing acknowledged is
// delivered again, what comes again says so, what is emitted is there once, and there is an end.
// TROUPE_TEST_SEEDS sets how many seeds are tried (200), TROUPE_TEST_FIRST_SEED from which on (1);
// TROUPE_SEED=n: that one only.
#include "harness/sanitized.hpp"
#include "queued_nodes.hpp"
#include "seed_range.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::queued {
namespace {

TEST(NodeQueueTest, NothingIsLostOrDoubledAndAllEndsWhateverHappens) {
  for (sim::SeedRange range = harness::seeds(200); !range.empty(); ++range.first) {
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

TEST(NodeQueueTest, AClientMayCrashAtEachStep) {
  const unsigned every = harness::kSanitized ? 20 : 1;
  for (const std::string node : {"alice", "carol"}) {
    for (unsigned step = 0; step < 250; step += every) {
      Book book;
      sim::World world{7, options()};
      ASSERT_EQ((Scenario{book, world}.run_with_crash(node, step)), "")
          << node << " at step " << step;
    }
  }
}

struct PutLater {};
struct Putting final {
  Numbers queue;
  void handle(PutLater /*put*/) const { (void)queue.put_with(1, {.delay = 5ms}); }
};

TEST(NodeQueueTest, AnOwnerRestsWhileADelayedItemIsDueAndNobodyTakesIt) {
  sim::World world{1, options()};
  const auto queue = Numbers::create(world.node("owner"), "sim:owner/queue").value();
  world.node("owner").spawn<Putting>(queue).send(PutLater{});
  world.run_for(1s);  // without an end, should the owner look again and again
  EXPECT_EQ(queue.stats().value().ready, 1U);
}

TEST(NodeQueueTest, TheSameSeedGivesTheSameTrace) {
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
}  // namespace troupe::queued
