// SPDX-License-Identifier: Apache-2.0
// Waits outside of actors drive the world.
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Double {
  int number;
};
struct Never {};
struct Report {
  int number;
};
using Reports = Protocol<void(Report)>;

struct Doubler {
  std::vector<Promise<int>> kept;
  int handle(Double message) { return 2 * message.number; }
  Promise<int> handle(Never /*message*/, const Context& context) {
    return kept.emplace_back(context.promise<int>());
  }
  void handle(Ref<Reports> to) { to.send(Report{7}); }
};
struct Asynchronous {
  Ref<Doubler> doubler;
  int handle(Double message) {
    auto first = doubler.ask_async(message);
    auto second = doubler.ask_async(Double{message.number + 1});
    const auto ready = wait_any({first, second});
    EXPECT_TRUE(ready);
    return first.get().value() + second.get().value();
  }
};

TEST(SimWaitingTest, AFutureBringsItsValue) {
  sim::World world{1};
  const auto doubler = world.node("node").spawn<Doubler>();
  auto future = doubler.ask_async(Double{4});
  EXPECT_FALSE(future.ready());
  EXPECT_EQ(future.get().value(), 8);
}

TEST(SimWaitingTest, AWaitWithoutEndInAWorldThatStandsStillTimesOut) {
  sim::World world{1};
  const auto doubler = world.node("node").spawn<Doubler>();
  EXPECT_EQ(doubler.ask(Never{}, forever).error().code(), Code::timed_out);
}

TEST(SimWaitingTest, AnInboxOfTheTestReceives) {
  sim::World world{1};
  Runtime& node = world.node("node");
  const auto doubler = node.spawn<Doubler>();
  Inbox<Reports> inbox{node};
  doubler.send(inbox.ref());
  int number = 0;
  const auto received = inbox.receive([&](Report report) { number = report.number; });
  EXPECT_TRUE(received) << received.error().what() << world.trace();
  EXPECT_EQ(number, 7);
}

TEST(SimWaitingTest, WaitAnyDrivesTheWorldAndWorksInActors) {
  sim::World world{1};
  Runtime& node = world.node("node");
  const auto doubler = node.spawn<Doubler>();
  auto never = doubler.ask_async(Never{}, 1h);
  auto soon = doubler.ask_async(Double{4}, 1h);
  EXPECT_EQ(wait_any(node, {never, soon}).value(), std::vector<std::size_t>{1});
  EXPECT_EQ(wait_any(node, {never}, 10s).error().code(), Code::timed_out);
  EXPECT_EQ(node.spawn<Asynchronous>(doubler).ask(Double{1}).value(), 6);
}

TEST(SimWaitingTest, BlockingRunsWhereItStands) {
  sim::World world{1};
  EXPECT_EQ(world.node("node").blocking([] { return 5; }), 5);
}

TEST(SimWaitingTest, WorldsMayStandBesideEachOther) {
  sim::World first{1};
  sim::World second{2};
  const auto one = first.node("node").spawn<Doubler>();
  const auto two = second.node("node").spawn<Doubler>();
  EXPECT_EQ(one.ask(Double{1}).value() + two.ask(Double{2}).value(), 6);
}

}  // namespace
}  // namespace troupe::test
