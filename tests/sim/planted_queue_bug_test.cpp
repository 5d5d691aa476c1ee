// SPDX-License-Identifier: Apache-2.0
// What becomes of queues when a bug is planted in their clients: here an acknowledgement does not
// wait for what was put under its lease.
#include "queued_nodes.hpp"
#include "troupe/runtime/queue/internal/leases.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace troupe::queue {

// In the place of the library's.
void note_put(PutMark /*mark*/) {}
std::vector<PutMark> unconfirmed_puts() {
  return {};
}
void note_lease(const QueueClient& /*queue*/) {}
void note_lease_over(const QueueClient& /*queue*/) {}
bool holds_lease_of(const QueueClient& /*queue*/) {
  return false;
}

}  // namespace troupe::queue

namespace troupe::queued {
namespace {

TEST(PlantedQueueBugTest, AnAcknowledgementThatOvertakesAPutIsFoundAndItsSeedReplays) {
  constexpr std::uint64_t kSeeds = 10'000;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Book book;
    sim::World world{seed, options()};
    const std::string wrong = Scenario{book, world}.run();
    if (wrong.empty()) {
      continue;
    }
    EXPECT_EQ(wrong.rfind("acknowledged, and what was put before is lost", 0), 0U)
        << wrong << ", seed " << seed;
    Book again_book;
    sim::World again{seed, options()};
    EXPECT_EQ((Scenario{again_book, again}.run()), wrong);
    EXPECT_EQ(again.trace(), world.trace());
    return;
  }
  FAIL() << "not found within " << kSeeds << " seeds";
}

}  // namespace
}  // namespace troupe::queued
