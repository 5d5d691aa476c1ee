// SPDX-License-Identifier: Apache-2.0
// Handles between nodes stand in for links, so far.
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Hit {};
struct AskThere {};
struct Target {
  int hits = 0;
  int handle(Hit /*hit*/) { return ++hits; }
};
struct Sender {
  Ref<Target> there;
  Result<int> handle(AskThere /*ask*/) const { return there.ask(Hit{}, 2s); }
};

struct LinkTest : testing::Test {
  sim::World world{1};
  Ref<Target> there = world.node("there").spawn<Target>();
  Ref<Sender> here = world.node("here").spawn<Sender>(there);
};

TEST_F(LinkTest, AMessageToAnotherNodeIsLostWhileTheLinkIsCut) {
  EXPECT_EQ(here.ask(AskThere{}).value(), 1);
  world.cut("here", "there");
  const auto begin = world.now();
  EXPECT_EQ(here.ask(AskThere{}).error().code(), Code::timed_out);
  EXPECT_GE(world.now() - begin, 2s);
  world.heal("there", "here");
  EXPECT_EQ(here.ask(AskThere{}).value(), 2);
}

TEST_F(LinkTest, ALinkMayBeSlow) {
  world.link("here", "there", {.delay_least = 1s, .delay_most = 1s});
  const auto begin = world.now();
  EXPECT_EQ(here.ask(AskThere{}).value(), 1);
  EXPECT_GE(world.now() - begin, 1s);
  EXPECT_EQ(there.ask(Hit{}).value(), 2);
  EXPECT_LT(world.now() - begin, 2s) << "the test's own messages are not on the link";
}

TEST_F(LinkTest, ALinkLosesItsShareAndNothingElse) {
  world.link("here", "there", {.loss = 0.5});
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    answered += here.ask(AskThere{}) ? 1 : 0;
  }
  EXPECT_GT(answered, 25);
  EXPECT_LT(answered, 75);
}

}  // namespace
}  // namespace troupe::test
