// SPDX-License-Identifier: Apache-2.0
#include "actor/subjects.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace troupe::actor_test {
namespace {

class Broken final {
 public:
  Broken() { throw std::runtime_error("no such file"); }
  void handle(Ping /*ping*/) {}
};

class MonitorTest : public testing::Test {
 protected:
  template <class A>
  void watch(const Ref<A>& target) {
    have(observer_, [target](Context& context) { context.monitor(target); });
  }
  template <class A>
  void unwatch(const Ref<A>& target) {
    have(observer_, [target](Context& context) { context.demonitor(target); });
  }
  Recorded<Down> downs_;
  Recorded<std::string> log_;
  Runtime runtime_{[this] {
    RuntimeOptions options = with_workers(2);
    options.log = [this](std::string_view line) { log_.add(std::string{line}); };
    return options;
  }()};
  Ref<Observer> observer_ = runtime_.spawn<Observer>(downs_);
};

TEST_F(MonitorTest, ActorThatStopsGivesOneDownThatIsNormal) {
  const auto target = runtime_.spawn<Subject>();
  watch(target);
  target.send(End{});
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, target.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::normal);
  EXPECT_EQ(downs[0].name, "Subject");
}

TEST_F(MonitorTest, ActorThatThrowsGivesOneDownThatSaysWhat) {
  const auto target = runtime_.spawn_with<Subject>({.name = "fragile"});
  watch(target);
  target.send(Fail{"bad input"});
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, target.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
  EXPECT_EQ(downs[0].reason.what, "bad input");
  EXPECT_EQ(downs[0].name, "fragile");
}

TEST_F(MonitorTest, ActorWhoseConstructorThrewHasFailed) {
  const auto target = runtime_.spawn<Broken>();
  watch(target);
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, target.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
  EXPECT_NE(downs[0].reason.what.find("no such file"), std::string::npos) << downs[0].reason.what;
  EXPECT_FALSE(target.ask(Ping{}, forever));
}

TEST_F(MonitorTest, ActorThatHadEndedBeforeGivesItsReason) {
  // The first to hear of it lives on, in a place of its own: so the target's still knows.
  const auto ends = std::make_shared<Recorded<Down>>();
  const auto guard = runtime_.spawn<Guard>(ends);
  const auto target = runtime_.spawn_with<Subject>({.name = "early"});
  guard.send(Do{[target](Context& context) { context.monitor(target); }});
  target.send(Fail{"long ago"});
  ends->wait_for(1);
  watch(target);
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, target.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
  EXPECT_EQ(downs[0].reason.what, "long ago");
  EXPECT_EQ(downs[0].name, "early");
}

TEST_F(MonitorTest, ActorWhosePlaceWasUsedAgainIsUnreachableAndSaysSo) {
  const auto first = runtime_.spawn<Subject>();
  first.send(Fail{"forgotten"});
  wait_for_end(runtime_, first);
  const auto place = [](const Ref<Subject>& actor) {
    return static_cast<std::uint32_t>(actor.id().number);
  };
  for (;;) {
    const auto next = runtime_.spawn<Subject>();
    next.send(Fail{"later"});  // an end in order leaves what is known of the one before
    wait_for_end(runtime_, next);
    if (place(next) == place(first)) {
      break;
    }
  }
  watch(first);
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, first.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::unreachable);
  EXPECT_FALSE(downs[0].reason.what.empty());
}

// The request and the end meet at every point of the way.
TEST_F(MonitorTest, EndsThatMeetTheirMonitorsGiveOneDownEach) {
  constexpr std::size_t kActors = harness::kSanitized ? 2'000 : 20'000;
  const auto watcher = runtime_.spawn_with<Observer>({.mailbox = {.capacity = kActors}}, downs_);
  std::set<ActorId> expected;
  for (std::size_t i = 0; i < kActors; ++i) {
    const auto target = runtime_.spawn<Subject>();
    expected.insert(target.id());
    const auto monitor = [target](Context& context) { context.monitor(target); };
    if (i % 2 == 0) {
      target.send(End{});
      ASSERT_TRUE(watcher.send(Do{monitor}));
    } else {
      ASSERT_TRUE(watcher.send(Do{monitor}));
      target.send(End{});
    }
  }
  downs_.wait_for(kActors);
  EXPECT_TRUE(runtime_.stop().clean());
  std::set<ActorId> ended;
  const auto downs = downs_.all();
  for (const Down& down : downs) {
    ended.insert(down.target);
    // Unreachable is for those whose place had another actor before the request came.
    EXPECT_TRUE(down.reason.ok() || down.reason.kind == Exit::Kind::unreachable);
  }
  EXPECT_EQ(downs.size(), kActors);
  EXPECT_EQ(ended, expected);
}

TEST_F(MonitorTest, TwoMonitorsOfOneActorGiveOneDown) {
  const auto target = runtime_.spawn<Subject>();
  watch(target);
  watch(target);
  target.send(End{});
  wait_for_end(runtime_, target);
  downs_.wait_for(1);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(downs_.size(), 1U);
}

TEST_F(MonitorTest, DemonitoredActorGivesNoDown) {
  const auto target = runtime_.spawn<Subject>();
  watch(target);
  unwatch(target);
  target.send(End{});
  wait_for_end(runtime_, target);
  have(observer_, [](Context& /*context*/) {});
  EXPECT_EQ(downs_.size(), 0U);
}

TEST_F(MonitorTest, DemonitorTakesBackADownThatIsUnderWay) {
  const auto target = runtime_.spawn<Subject>();
  watch(target);
  have(observer_, [&](Context& context) {
    target.send(End{});
    wait_for_end(runtime_, target);  // its Down waits for this handler
    context.demonitor(target);
  });
  have(observer_, [](Context& /*context*/) {});
  EXPECT_EQ(downs_.size(), 0U);
}

TEST_F(MonitorTest, MonitoringAgainGivesOneDown) {
  const auto target = runtime_.spawn<Subject>();
  watch(target);
  have(observer_, [&](Context& context) {
    target.send(End{});
    wait_for_end(runtime_, target);
    context.demonitor(target);
    context.monitor(target);
  });
  downs_.wait_for(1);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(downs_.size(), 1U);
}

TEST_F(MonitorTest, DownToAnActorWithoutAHandlerIsLogged) {
  const auto bystander = runtime_.spawn<Bystander>();
  const auto target = runtime_.spawn_with<Subject>({.name = "fragile"});
  have(bystander, [target](Context& context) { context.monitor(target); });
  target.send(Fail{"bad input"});
  wait_for_end(runtime_, target);
  EXPECT_EQ(bystander.ask(Ping{}, forever).value(), 1);
  const auto lines = log_.all();
  EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
    return line.find("Bystander") != std::string::npos &&
           line.find("fragile") != std::string::npos && line.find("bad input") != std::string::npos;
  }));
}

TEST_F(MonitorTest, ActorThatEndsFirstGetsNoDown) {
  const auto target = runtime_.spawn<Subject>();
  const auto short_lived = runtime_.spawn<Observer>(downs_);
  have(short_lived, [target](Context& context) { context.monitor(target); });
  short_lived.stop();
  wait_for_end(runtime_, short_lived);
  target.send(End{});
  wait_for_end(runtime_, target);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(downs_.size(), 0U);
}

}  // namespace
}  // namespace troupe::actor_test
