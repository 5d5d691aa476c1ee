// SPDX-License-Identifier: Apache-2.0
// Calls in blocking() that do not return: they hold up no stop and no destructor, and are named.
#include "actor/subjects.hpp"
#include "harness/left_for_ever.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

// A call that returns when the test says so, and says when it has begun and ended.
struct Call {
  std::latch begun{1};
  std::latch go_on{1};
  std::latch ended{1};

  void run() {
    begun.count_down();
    go_on.wait();
    ended.count_down();
  }
};

RuntimeOptions with_grace(Duration grace) {
  RuntimeOptions options = with_workers(1);
  options.stop_grace = grace;
  return options;
}

TEST(BlockingTest, ACallThatDoesNotEndIsNamedWithItsActorAndHowLongItHasTaken) {
  const auto call = std::make_shared<Call>();
  {
    Runtime runtime{with_grace(50ms)};
    const auto actor = runtime.spawn_with<Bystander>({.name = "reader"});
    {
      const harness::LeftForEver its_message;
      actor.send(Do{[call](Context& context) {
        const harness::LeftForEver its_work;
        context.blocking([call] { call->run(); });
      }});
    }
    call->begun.wait();
    const std::string waits_for = runtime.stats().actors.at(0).waits_for;
    EXPECT_EQ(waits_for.find("a blocking() call that has taken "), 0U) << waits_for;
    const StopReport report = runtime.stop(50ms);
    ASSERT_EQ(report.holders.size(), 1U);
    EXPECT_EQ(report.holders[0].who, "Bystander \"reader\"");
    EXPECT_EQ(report.holders[0].doing, "handling Do");
    EXPECT_EQ(report.holders[0].waiting_for.find("a blocking() call that has taken "), 0U)
        << report.text();
    EXPECT_GT(report.holders[0].for_how_long, Duration::zero());
  }
  call->go_on.count_down();  // the runtime is gone
  call->ended.wait();
}

TEST(BlockingTest, ACallOfAnotherRuntimesActorHoldsUpNoDestructorAndIsNamed) {
  const auto call = std::make_shared<Call>();
  Runtime asking{with_workers(1)};
  const auto actor = asking.spawn_with<Bystander>({.name = "guest"});
  std::optional<Runtime> other{std::in_place, with_grace(50ms)};
  auto done = actor.ask_async(
      Do{[call, &its = *other](Context& /*context*/) { its.blocking([call] { call->run(); }); }},
      forever);
  call->begun.wait();
  const StopReport report = other->stop(50ms);
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders[0].who, "Bystander \"guest\" of another runtime");
  EXPECT_EQ(report.holders[0].waiting_for.find("a blocking() call that has taken "), 0U)
      << report.text();
  other.reset();
  call->go_on.count_down();
  EXPECT_TRUE(done.get());  // its actor goes on
  EXPECT_TRUE(asking.stop(forever).clean());
}

TEST(BlockingTest, AStopWaitsForACallOfAnotherRuntimesActorThatEndsInTime) {
  const auto call = std::make_shared<Call>();
  Runtime asking{with_workers(1)};
  Runtime other{with_workers(1)};
  auto done = asking.spawn<Bystander>().ask_async(
      Do{[call, &other](Context& /*context*/) { other.blocking([call] { call->run(); }); }},
      forever);
  call->begun.wait();
  std::jthread stopping{[&] { EXPECT_TRUE(other.stop(forever).clean()); }};
  call->go_on.count_down();
  EXPECT_TRUE(done.get());
}

}  // namespace
}  // namespace troupe::actor_test
