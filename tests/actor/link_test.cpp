// SPDX-License-Identifier: Apache-2.0
#include "actor/subjects.hpp"

#include <gtest/gtest.h>

namespace troupe::actor_test {
namespace {

class Broken final {
 public:
  Broken() { throw std::runtime_error("no such file"); }
  void handle(Ping /*ping*/) {}
};

class LinkTest : public testing::Test {
 protected:
  // A Bystander, whose end downs_ tells.
  Ref<Bystander> spawn_watched() {
    const auto actor = runtime_.spawn<Bystander>();
    have(observer_, [actor](Context& context) { context.monitor(actor); });
    return actor;
  }
  template <class A, class B>
  static void link(const Ref<A>& from, const Ref<B>& to) {
    have(from, [to](Context& context) { context.link(to); });
  }

  Recorded<Down> downs_;
  Recorded<Down> linked_downs_;
  Runtime runtime_{with_workers(2)};
  Ref<Observer> observer_ = runtime_.spawn<Observer>(downs_);
};

TEST_F(LinkTest, FailureEndsWhoMadeTheLink) {
  const auto one = spawn_watched();
  const auto other = runtime_.spawn<Subject>();
  link(one, other);
  other.send(Fail{"bad input"});
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, one.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
  EXPECT_NE(downs[0].reason.what.find("bad input"), std::string::npos) << downs[0].reason.what;
}

TEST_F(LinkTest, FailureOfWhoMadeTheLinkEndsTheOther) {
  const auto one = runtime_.spawn<Bystander>();
  const auto other = spawn_watched();
  link(one, other);
  EXPECT_EQ(other.ask(Ping{}, forever).value(), 1);  // it has heard of the link
  one.send(Do{[](Context& context) { context.fail("bad input"); }});
  const auto downs = downs_.wait_for(1);
  EXPECT_EQ(downs[0].target, other.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
}

TEST_F(LinkTest, FailureEndsAChainOfLinks) {
  const auto first = runtime_.spawn<Subject>();
  const auto second = runtime_.spawn<Bystander>();
  const auto third = spawn_watched();
  link(second, first);
  link(third, second);
  first.send(Fail{"bad input"});
  EXPECT_EQ(downs_.wait_for(1)[0].target, third.id());
}

TEST_F(LinkTest, NormalEndLeavesTheOtherAlone) {
  const auto one = spawn_watched();
  const auto other = runtime_.spawn<Subject>();
  link(one, other);
  other.send(End{});
  wait_for_end(runtime_, other);
  EXPECT_EQ(one.ask(Ping{}, forever).value(), 1);
  EXPECT_EQ(one.ask(Ping{}, forever).value(), 1);
  EXPECT_EQ(downs_.size(), 0U);
}

TEST_F(LinkTest, HandlerTakesTheDownAndTheActorLivesOn) {
  const auto one = runtime_.spawn<Observer>(linked_downs_);
  const auto other = runtime_.spawn<Subject>();
  link(one, other);
  other.send(Fail{"bad input"});
  EXPECT_EQ(linked_downs_.wait_for(1)[0].reason.what, "bad input");
  have(one, [](Context& /*context*/) {});
}

TEST_F(LinkTest, LinksFromBothSidesGiveOneDown) {
  const auto one = runtime_.spawn<Observer>(linked_downs_);
  const auto other = runtime_.spawn<Bystander>();
  link(one, other);
  link(other, one);
  have(one, [](Context& /*context*/) {});
  other.stop();
  wait_for_end(runtime_, other);
  linked_downs_.wait_for(1);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(linked_downs_.size(), 1U);
}

TEST_F(LinkTest, ActorThatHadFailedEndsWhoLinksToIt) {
  const auto other = runtime_.spawn<Broken>();
  wait_for_end(runtime_, other);
  const auto one = spawn_watched();
  one.send(Do{[other](Context& context) { context.link(other); }});
  EXPECT_EQ(downs_.wait_for(1)[0].target, one.id());
}

// A monitor is no link: it does not stand for the one that came from the other side.
TEST_F(LinkTest, MonitorOfALinkedActorDoesNotReplaceTheLink) {
  const auto one = runtime_.spawn<Bystander>();
  const auto other = spawn_watched();
  have(other, [one](Context& context) { context.monitor(one); });
  link(one, other);
  EXPECT_EQ(other.ask(Ping{}, forever).value(), 1);
  one.send(Do{[](Context& context) { context.fail("bad input"); }});
  EXPECT_EQ(downs_.wait_for(1)[0].target, other.id());
}

TEST_F(LinkTest, DemonitorLeavesTheLink) {
  const auto one = spawn_watched();
  const auto other = runtime_.spawn<Subject>();
  link(one, other);
  have(one, [other](Context& context) {
    context.monitor(other);
    context.demonitor(other);
  });
  other.send(Fail{"bad input"});
  EXPECT_EQ(downs_.wait_for(1)[0].target, one.id());
}

}  // namespace
}  // namespace troupe::actor_test
