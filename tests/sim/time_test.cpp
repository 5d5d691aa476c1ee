// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Tick {};
struct Question {};
struct Clockwork {
  std::vector<Duration>* at;
  Duration first{};
  Duration period{};
  Instant begin{};

  void started(Context& context) {
    begin = context.now();
    if (first > Duration::zero()) context.after(*this, first, Tick{});
    if (period > Duration::zero()) context.every(*this, period, Tick{});
  }
  void handle(Tick /*tick*/, const Context& context) { at->push_back(context.now() - begin); }
};
// Never answers.
struct Silent {
  std::vector<Promise<int>> promises;
  Promise<int> handle(Question /*question*/, const Context& context) {
    promises.push_back(context.promise<int>());
    return promises.back();
  }
};
struct Impatient {
  Ref<Silent> silent;
  Duration* waited;
  void handle(Tick /*tick*/, const Context& context) const {
    const Instant begin = context.now();
    EXPECT_EQ(silent.ask(Question{}, 7ms).error().code(), Code::timed_out);
    *waited = context.now() - begin;
  }
};
struct Sleeper {
  Duration handle(Tick /*tick*/, Context& context) {
    const Instant begin = context.now();
    EXPECT_TRUE(context.sleep(90s));
    return context.now() - begin;
  }
};

TEST(TimeTest, AnIdleHourPassesAtOnce) {
  sim::World world{1};
  (void)world.node("node").spawn<Silent>();
  const auto begin = world.now();
  world.run_for(1h);
  EXPECT_EQ(world.now() - begin, 1h);
}

TEST(TimeTest, AnHourOfATimerEverySecondHas3600Turns) {
  sim::World world{1};
  std::vector<Duration> at;
  (void)world.node("node").spawn<Clockwork>(&at, 0s, 1s);
  world.run_for(1h);
  ASSERT_EQ(at.size(), 3600U);
  for (std::size_t i = 0; i < at.size(); ++i) {
    ASSERT_EQ(at[i], (i + 1) * 1s);
  }
  EXPECT_FALSE(world.run_until_idle(1h)) << "it goes on for ever";
}

TEST(TimeTest, ATimerIsExact) {
  sim::World world{1};
  std::vector<Duration> at;
  (void)world.node("node").spawn<Clockwork>(&at, 1234567ns);
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(at, std::vector<Duration>{1234567ns});
}

TEST(TimeTest, AnAskFromOutsideTimesOutAtItsDeadline) {
  sim::World world{1};
  const auto silent = world.node("node").spawn<Silent>();
  const auto begin = world.now();
  EXPECT_EQ(silent.ask(Question{}, 3s).error().code(), Code::timed_out);
  EXPECT_EQ(world.now() - begin, 3s);
  EXPECT_EQ(silent.ask(Question{}).error().code(), Code::timed_out);
  EXPECT_EQ(world.now() - begin, 8s);
}

TEST(TimeTest, AnAskOfAnActorTimesOutAtItsDeadline) {
  sim::World world{1};
  Runtime& node = world.node("node");
  Duration waited{};
  node.spawn<Impatient>(node.spawn<Silent>(), &waited).send(Tick{});
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(waited, 7ms);
}

TEST(TimeTest, ASleepIsExact) {
  sim::World world{1};
  const auto sleeper = world.node("node").spawn<Sleeper>();
  EXPECT_EQ(sleeper.ask(Tick{}, 1h).value(), 90s);
}

TEST(TimeTest, RunUntilStopsAtTheStepThatMakesItTrue) {
  sim::World world{1};
  std::vector<Duration> at;
  (void)world.node("node").spawn<Clockwork>(&at, 0s, 1s);
  const auto begin = world.now();
  EXPECT_TRUE(world.run_until([&] { return at.size() == 3; }));
  EXPECT_EQ(world.now() - begin, 3s);
  EXPECT_FALSE(world.run_until([&] { return at.size() == 100; }, 10s));
  EXPECT_EQ(world.now() - begin, 13s);
}

TEST(TimeTest, WaitsOfTheTestItselfAreInVirtualTime) {
  sim::World world{1};
  (void)world.node("node");
  Promise<int> promise;
  auto future = promise.future();
  const auto begin = world.now();
  EXPECT_EQ(future.get(1h).error().code(), Code::timed_out);
  EXPECT_EQ(world.now() - begin, 1h);
}

}  // namespace
}  // namespace troupe::test
