// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Count {};
struct Begin {};
struct Seen {
  int handled = 0;
  bool stopped = false;
  std::optional<Code> waited{};
  std::optional<Exit> down{};
};
struct Counter {
  Seen* seen;
  void handle(Count /*count*/) const { ++seen->handled; }
  void stopped(const Context& /*context*/, const Exit& /*exit*/) const { seen->stopped = true; }
};
// Waits in its handler, and sends afterwards.
struct Waiting {
  Seen* seen;
  Ref<Counter> counter;
  void handle(Begin /*begin*/, Context& context) const {
    const auto slept = context.sleep(1h);
    seen->waited = slept ? Code{} : slept.error().code();
    counter.send(Count{});
  }
};
struct Watching {
  Seen* seen;
  Ref<Waiting> watched;
  void started(Context& context) const { context.monitor(watched); }
  void handle(const Down& down) const { seen->down = down.reason; }
};
struct Adder {
  int sum = 0;
  int handle(int number) { return sum += number; }
};

TEST(CrashTest, ACrashedNodeIsGoneAndItsHandlesAreClosed) {
  sim::World world{1};
  Seen seen;
  const auto counter = world.node("node").spawn<Counter>(&seen);
  counter.send(Count{});
  EXPECT_TRUE(world.run_until_idle());
  counter.send(Count{});
  world.crash("node");
  EXPECT_EQ(counter.send(Count{}).code(), Code::closed);
  world.run_for(1min);
  EXPECT_EQ(seen.handled, 1) << "what was on its way is gone";
  EXPECT_FALSE(seen.stopped) << "who is killed does not hear of it";
  EXPECT_THROW((void)world.node("node"), Error);
  EXPECT_THROW(world.crash("node"), Error);
  EXPECT_THROW((void)world.restart("other"), Error);
}

TEST(CrashTest, AnAskOnItsWayEndsAsDisconnected) {
  sim::World world{1};
  const auto adder = world.node("node").spawn<Adder>();
  auto future = adder.ask_async(3);
  world.crash("node");
  EXPECT_EQ(future.get().error().code(), Code::disconnected);
}

TEST(CrashTest, ARestartedNodeHasNoActorsAndAnotherRuntime) {
  sim::World world{1};
  Runtime& before = world.node("node");
  const auto old = before.spawn<Adder>();
  EXPECT_EQ(old.ask(3).value(), 3);
  Runtime& after = world.restart("node");
  EXPECT_NE(&before, &after);
  EXPECT_EQ(&world.node("node"), &after);
  const auto adder = after.spawn<Adder>();
  EXPECT_EQ(adder.ask(4).value(), 4);
  EXPECT_EQ(old.ask(4).error().code(), Code::disconnected);
  EXPECT_EQ(after.stats().actors.size(), 1U);
}

TEST(CrashTest, OtherNodesGoOn) {
  sim::World world{1};
  const auto here = world.node("here").spawn<Adder>();
  (void)world.node("there").spawn<Adder>();
  world.crash("there");
  EXPECT_EQ(here.ask(4).value(), 4);
  (void)world.restart("there");
  world.crash("here");
  EXPECT_EQ(world.node("there").spawn<Adder>().ask(5).value(), 5);
}

TEST(CrashTest, AHandlerThatWaitsGoesOnCancelledAndItsMessagesGoNowhere) {
  sim::World world{1};
  Seen seen;
  Seen elsewhere;
  const auto counter = world.node("other").spawn<Counter>(&elsewhere);
  world.node("node").spawn<Waiting>(&seen, counter).send(Begin{});
  world.run_for(1s);
  world.crash("node");
  EXPECT_EQ(seen.waited, Code::cancelled);
  world.run_for(1min);
  EXPECT_EQ(elsewhere.handled, 0);
}

TEST(CrashTest, AnActorIsKilledInTheMiddleOfItsHandlerAndWhoMonitorsItIsTold) {
  sim::World world{1};
  Runtime& node = world.node("node");
  Seen seen;
  const auto counter = node.spawn<Counter>(&seen);
  const auto waiting = node.spawn<Waiting>(&seen, counter);
  (void)node.spawn<Watching>(&seen, waiting);
  waiting.send(Begin{});
  world.run_for(1s);
  world.kill(waiting);
  EXPECT_TRUE(world.run_until([&] { return seen.down.has_value(); }));
  EXPECT_EQ(seen.waited, Code::cancelled);
  EXPECT_EQ(seen.down->kind, Exit::Kind::killed);
  EXPECT_EQ(seen.down->signal, SIGKILL);
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(seen.handled, 0);
  counter.send(Count{});
  EXPECT_TRUE(world.run_until_idle());
  EXPECT_EQ(seen.handled, 1) << "others of the node go on";
}

TEST(CrashTest, AKilledChildIsRestartedByItsSupervisor) {
  sim::World world{1};
  Supervisor supervisor{world.node("node")};
  const auto adder = supervisor.add<Adder>("adder", {}).value();
  EXPECT_EQ(adder.ask(3).value(), 3);
  const auto before = adder.now().value();
  world.kill(before);
  EXPECT_TRUE(world.run_until([&] {
    const auto now = adder.now();
    return now && now->id() != before.id();
  }));
  EXPECT_EQ(adder.ask(4).value(), 4);
  EXPECT_EQ(supervisor.children().at(0).last->signal, SIGKILL);
}

TEST(CrashTest, AWorldEndsWithEverythingOnItsWay) {
  Seen seen;
  {
    sim::World world{1};
    Runtime& node = world.node("node");
    const auto counter = node.spawn<Counter>(&seen);
    const auto waiting = node.spawn<Waiting>(&seen, counter);
    waiting.send(Begin{});
    world.run_for(1s);
    counter.send(Count{});
    auto asked = node.spawn<Adder>().ask_async(1);
    world.kill(waiting);
    world.crash("node");
    Runtime& again = world.restart("node");
    again.spawn<Waiting>(&seen, again.spawn<Counter>(&seen)).send(Begin{});
    world.run_for(1s);
    again.spawn<Adder>().ask_async(1).cancel();
  }
  EXPECT_TRUE(seen.stopped) << "a world that ends stops its actors";
  EXPECT_EQ(seen.handled, 0);
}

}  // namespace
}  // namespace troupe::test
