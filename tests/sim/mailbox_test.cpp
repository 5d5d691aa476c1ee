// SPDX-License-Identifier: Apache-2.0
// Mailboxes keep their bounds and their promises whatever the order of things.
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Letter {
  int number;
  std::string text{};
};
struct Slow {
  std::vector<int>* taken;
  void handle(const Letter& letter, Context& context) const {
    taken->push_back(letter.number);
    (void)context.sleep(1ms);
  }
};
struct Burst {
  Ref<Slow> slow;
  int first, count;
  std::vector<int>* sent;
  void started(Context& /*context*/) const {
    for (int i = first; i < first + count; ++i) {
      if (slow.send(Letter{i})) {
        sent->push_back(i);
      }
    }
  }
};

constexpr std::size_t kCapacity = 3;

// What two actors sent, each 20 letters at once, and what became of them.
struct Outcome {
  std::vector<int> sent, taken;
  std::uint64_t dropped = 0;
  std::size_t deepest = 0;
};
Outcome two_bursts(std::uint64_t seed, WhenFull when_full) {
  Outcome outcome;
  sim::World world{seed};
  Runtime& node = world.node("node");
  const auto slow = node.spawn_with<Slow>(
      {.name = "slow", .mailbox = {.capacity = kCapacity, .when_full = when_full, .wait = 1h}},
      &outcome.taken);
  for (int first : {0, 100}) {
    (void)node.spawn<Burst>(slow, first, 20, &outcome.sent);
  }
  (void)world.run_until(
      [&] {
        for (const ActorStats& actor : node.stats().actors) {
          outcome.deepest = std::max(outcome.deepest, actor.name == "slow" ? actor.mailbox : 0);
        }
        return false;
      },
      10s);
  for (const ActorStats& actor : node.stats().actors) {
    outcome.dropped += actor.name == "slow" ? actor.dropped : 0;
  }
  return outcome;
}

void expect_each_senders_order(const std::vector<int>& taken) {
  for (const bool second : {false, true}) {
    int last = -1;
    for (const int number : taken) {
      if ((number >= 100) == second) {
        ASSERT_GT(number, last);
        last = number;
      }
    }
  }
}

constexpr std::uint64_t kSeeds = 50;

TEST(SimMailboxTest, SendersThatWaitLoseNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = two_bursts(seed, WhenFull::wait);
    ASSERT_EQ(outcome.sent.size(), 40U);
    ASSERT_EQ(outcome.taken.size(), 40U);
    ASSERT_LE(outcome.deepest, kCapacity);
    ASSERT_EQ(outcome.dropped, 0U);
    expect_each_senders_order(outcome.taken);
  }
}

TEST(SimMailboxTest, WhatIsRefusedIsToldAndWhatIsNotArrives) {
  for (const WhenFull when_full : {WhenFull::refuse, WhenFull::drop_newest}) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(seed);
      const Outcome outcome = two_bursts(seed, when_full);
      ASSERT_EQ(outcome.sent.size(), kCapacity) << "what is on its way takes room, too";
      ASSERT_EQ(outcome.taken.size(), outcome.sent.size());
      ASSERT_LE(outcome.deepest, kCapacity);
      ASSERT_EQ(outcome.dropped, 40 - outcome.sent.size());
      expect_each_senders_order(outcome.taken);
    }
  }
}

TEST(SimMailboxTest, DroppingTheOldestNeverRefusesAndCountsWhatItDrops) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = two_bursts(seed, WhenFull::drop_oldest);
    ASSERT_EQ(outcome.sent.size(), 40U);
    ASSERT_LE(outcome.deepest, kCapacity);
    ASSERT_EQ(outcome.taken.size() + outcome.dropped, 40U);
    ASSERT_GT(outcome.dropped, 0U);
    expect_each_senders_order(outcome.taken);
  }
}

TEST(SimMailboxTest, BytesOnTheirWayTakeRoom) {
  sim::World world{1};
  std::vector<int> taken;
  const auto slow = world.node("node").spawn_with<Slow>(
      {.name = "", .mailbox = {.capacity_bytes = 1000, .when_full = WhenFull::refuse}}, &taken);
  EXPECT_TRUE(slow.send(Letter{1, std::string(600, 'x')}));
  EXPECT_EQ(slow.send(Letter{2, std::string(600, 'x')}).code(), Code::overloaded);
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_TRUE(slow.send(Letter{3, std::string(600, 'x')}));
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(taken, (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace troupe::test
