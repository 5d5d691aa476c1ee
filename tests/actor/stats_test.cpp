// SPDX-License-Identifier: Apache-2.0
#include "actor/support.hpp"
#include "harness/manual_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Relay {
  Ref<Recorder> to;
  Hold hold;
};
struct Rest {};
struct Child {};
struct Fail {};

class Subject {
 public:
  void handle(const Relay& relay) { relay.to.ask(relay.hold, forever).value(); }
  void handle(Rest /*rest*/, Context& context) { (void)context.sleep(1h); }
  Ref<Recorder> handle(Child /*child*/, Context& context) { return context.spawn<Recorder>(); }
  void handle(Fail /*fail*/) { throw std::runtime_error{"it was told to"}; }
};

// Mailboxes keep times in ticks of about a millisecond.
bool is_about(Duration time, Duration expected) {
  return time > expected - 3ms && time < expected + 3ms;
}

class StatsTest : public ::testing::Test {
 protected:
  static RuntimeOptions on(harness::ManualClock& clock) {
    RuntimeOptions options = workers(2);
    options.ports = [&clock] {
      Ports ports;
      ports.clock = &clock;
      return ports;
    };
    return options;
  }

  std::uint64_t handled(const std::string& type) const {
    const auto& counters = runtime_.stats().counters;
    const auto found = counters.find("troupe_messages_handled_total{type=\"" + type + "\"}");
    return found != counters.end() ? found->second : 0;
  }
  double gauge(const std::string& name) const { return runtime_.stats().gauges.at(name); }

  harness::ManualClock clock_;
  Runtime runtime_{on(clock_)};
};

TEST_F(StatsTest, AStuckHandlerShowsItsMessageItsAgeAndWhomItWaitsFor) {
  ActorOptions options;
  options.name = "oracle";
  const auto asked = runtime_.spawn_with<Recorder>(options);
  const auto asker = runtime_.spawn<Subject>();
  const Hold hold;
  asker.send(Relay{asked, hold});
  hold.begun.pass();
  wait_until_it_waits(runtime_, asker);
  clock_.advance(10s);

  const ActorStats waiting = stats_of(runtime_, asker);
  EXPECT_EQ(waiting.type, "Subject");
  EXPECT_EQ(waiting.state, "waiting");
  EXPECT_EQ(waiting.handler, "Relay");
  EXPECT_EQ(waiting.waits_for, "Recorder \"oracle\"");
  EXPECT_TRUE(is_about(waiting.handling, 10s)) << waiting.handling.count();
  EXPECT_EQ(waiting.handled, 1U);

  const ActorStats busy = stats_of(runtime_, asked);
  EXPECT_EQ(busy.name, "oracle");
  EXPECT_EQ(busy.state, "running");
  EXPECT_EQ(busy.handler, "Hold");
  EXPECT_EQ(busy.waits_for, "");
  EXPECT_TRUE(is_about(busy.handling, 10s)) << busy.handling.count();
  hold.end.open();
}

TEST_F(StatsTest, AFullMailboxShowsItsDepthTheAgeOfItsFirstMessageAndWhatItRefused) {
  const auto actor = runtime_.spawn_with<Recorder>(mailbox(3, WhenFull::refuse));
  const Hold hold;
  actor.send(hold);
  hold.begun.pass();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(actor.send(i));
    clock_.advance(1s);
  }
  EXPECT_FALSE(actor.send(3));
  EXPECT_FALSE(actor.send(4));

  const ActorStats full = stats_of(runtime_, actor);
  EXPECT_EQ(full.mailbox, 3U);
  EXPECT_EQ(full.capacity, 3U);
  EXPECT_TRUE(is_about(full.oldest, 3s)) << full.oldest.count();
  EXPECT_EQ(full.dropped, 2U);
  EXPECT_EQ(dropped(runtime_, "refused"), 2U);
  EXPECT_EQ(gauge("troupe_mailbox_messages{type=\"Recorder\"}"), 3);
  EXPECT_EQ(gauge("troupe_mailbox_messages_max{type=\"Recorder\"}"), 3);
  hold.end.open();
}

TEST_F(StatsTest, AnActorThatSleepsWaitsAndHasAStack) {
  const auto actor = runtime_.spawn<Subject>();
  actor.send(Rest{});
  wait_until_it_waits(runtime_, actor);

  EXPECT_EQ(stats_of(runtime_, actor).handler, "Rest");
  EXPECT_EQ(gauge("troupe_fibers_suspended"), 1);
  EXPECT_GE(gauge("troupe_stacks_in_use"), 2);
  EXPECT_EQ(gauge("troupe_workers"), 2);
  EXPECT_EQ(gauge("troupe_actors_in_state{type=\"Subject\",state=\"waiting\"}"), 1);
  runtime_.request_stop();
  wait_until([&] { return gauge("troupe_fibers_suspended") == 0; });
}

TEST_F(StatsTest, AChildNamesItsParent) {
  const auto parent = runtime_.spawn<Subject>();
  const auto child = parent.ask(Child{}, forever).value();
  EXPECT_EQ(stats_of(runtime_, child).parent, parent.id());
  EXPECT_EQ(stats_of(runtime_, parent).parent.number, 0U);
  EXPECT_EQ(stats_of(runtime_, child).state, "idle");
}

TEST_F(StatsTest, WhatEndedActorsHandledAndHowTheyEndedIsStillCounted) {
  for (int i = 0; i < 3; ++i) {
    const auto actor = runtime_.spawn<Recorder>();
    (void)actor.ask(Read{}, forever).value();
    actor.stop();
    wait_until([&] { return !is_alive(runtime_, actor); });
  }
  EXPECT_FALSE(runtime_.spawn<Subject>().ask(Fail{}, forever));
  wait_until([&] { return runtime_.stats().counters.at("troupe_actors_failed_total") == 1; });
  EXPECT_EQ(handled("Recorder"), 3U);
  EXPECT_EQ(handled("Subject"), 1U);
  EXPECT_EQ(runtime_.stats().counters.at("troupe_actors_spawned_total"), 4U);
}

TEST_F(StatsTest, WhatIsSeenWhileActorsComeAndGoIsWholeAndNeverGoesBack) {
  const int rounds = scaled(5000);
  std::atomic<int> at_work{2};
  std::vector<std::jthread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        ActorOptions options;
        options.name = "number " + std::to_string(round);
        const auto actor = runtime_.spawn_with<Recorder>(options);
        actor.send(round);
        (void)actor.ask(Read{}, forever).value();
        actor.stop();
      }
      at_work.fetch_sub(1);
    });
  }
  std::uint64_t before = 0;
  while (at_work.load() > 0) {
    for (const ActorStats& actor : runtime_.stats().actors) {
      EXPECT_EQ(actor.type, "Recorder");
      EXPECT_LE(actor.handled, 2U);
    }
    (void)runtime_.open_metrics();
    const std::uint64_t now = handled("Recorder");
    EXPECT_GE(now, before);
    before = now;
  }
  wait_until([&] { return runtime_.stats().actors.empty(); });
  EXPECT_EQ(handled("Recorder"), static_cast<std::uint64_t>(rounds) * 4);
}

}  // namespace
}  // namespace troupe::actor_test
