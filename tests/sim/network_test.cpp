// SPDX-License-Identifier: Apache-2.0
// Nodes of a World that are linked over "sim:".
#include "troupe/runtime/actor/inbox.hpp"
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::network_test {

using namespace std::chrono_literals;

struct Add {
  long amount = 0;
};
struct Account {
  using Accepts = Protocol<long(Add)>;
  long total = 0;
  long handle(Add add) { return total += add.amount; }
};

namespace {

class NetworkTest : public testing::Test {
 protected:
  NetworkTest() { open_bank(world_.node("bank")); }

  static void open_bank(Runtime& bank) {
    (void)bank.listen("sim:").value();
    EXPECT_TRUE(bank.register_name("account", bank.spawn<Account>()));
  }
  Named<Account> find() {
    return desk().connect("sim:bank").value().find<Account>("account").value();
  }
  Runtime& desk() { return world_.node("desk"); }
  // What `inbox` has by now.
  static std::vector<Down> downs_of(Inbox<Protocol<>>& inbox) {
    std::vector<Down> downs;
    for (bool more = true; more;) {
      (void)inbox.receive([&](Down down) { downs.push_back(std::move(down)); },
                          after(Duration::zero(), [&] { more = false; }));
    }
    return downs;
  }

  sim::World world_{1};
};

TEST_F(NetworkTest, AnActorOfAnotherNodeIsReached) {
  EXPECT_EQ(find().ask(Add{5}).value(), 5);
  EXPECT_NE(world_.trace().find("desk dials sim:bank"), std::string::npos) << world_.trace();
}

TEST_F(NetworkTest, WhereNobodyListensNobodyIsFound) {
  const auto node = desk().connect("sim:shop");
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code(), Code::not_found) << node.error().what();
}

TEST_F(NetworkTest, ANodeListensBelowItsOwnName) {
  EXPECT_EQ(desk().listen("sim:bank/rates").error(), Code::invalid_argument);
  EXPECT_EQ(desk().listen("sim:desk/rates").value().text(), "sim:desk/rates");
  EXPECT_EQ(world_.node("bank").listen("sim:").error(), Code::exists);
}

TEST_F(NetworkTest, AShortCutOnlyHoldsWhatIsUnderWay) {
  const auto account = find();
  world_.cut("desk", "bank");
  auto answer = account.ask_async(Add{5}, 1h);
  world_.run_for(2s);
  EXPECT_FALSE(answer.ready());
  world_.heal("desk", "bank");
  EXPECT_EQ(answer.get().value(), 5);
}

TEST_F(NetworkTest, ALongOneEndsTheLinkAndAllThatWaitsForIt) {
  const auto account = find().now().value();
  Inbox<Protocol<>> inbox{desk()};
  inbox.context().monitor(account);
  world_.run_for(1s);
  auto answer = account.ask_async(Add{5}, 1000h);
  world_.cut("desk", "bank");
  world_.run_for(10s);
  ASSERT_TRUE(answer.ready());
  EXPECT_EQ(answer.get().error(), Code::disconnected);
  const auto downs = downs_of(inbox);
  ASSERT_EQ(downs.size(), 1U);
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::unreachable);
  EXPECT_NE(downs[0].reason.what.find("no sign of life for 5000 ms"), std::string::npos);
}

TEST_F(NetworkTest, ACutOneWayIsNoticedOnBothSides) {
  for (const bool towards : {true, false}) {
    const auto account = find().now().value();
    Inbox<Protocol<>> inbox{desk()};
    inbox.context().monitor(account);
    world_.run_for(1s);
    if (towards) {
      world_.cut_one_way("desk", "bank");
    } else {
      world_.cut_one_way("bank", "desk");
    }
    world_.run_for(10s);
    EXPECT_EQ(downs_of(inbox).size(), 1U);
    world_.heal("desk", "bank");
    world_.run_for(10s);
  }
  EXPECT_EQ(find().ask(Add{1}).value(), 1) << "what was asked before reached nobody";
}

TEST_F(NetworkTest, ALostFrameResetsItsConnection) {
  const auto account = find().now().value();
  Inbox<Protocol<>> inbox{desk()};
  inbox.context().monitor(account);
  world_.run_for(100ms);
  world_.link("desk", "bank", {.loss = 1});
  world_.run_for(2s);
  EXPECT_EQ(downs_of(inbox).size(), 1U);
}

TEST_F(NetworkTest, ANameFollowsANodeThatWasRestarted) {
  const auto account = find();
  EXPECT_EQ(account.ask(Add{5}).value(), 5);
  open_bank(world_.restart("bank"));
  world_.run_for(10s);
  EXPECT_EQ(account.ask(Add{2}).value(), 2);
}

TEST_F(NetworkTest, AnHourOfAnIdleLinkIsNothing) {
  (void)find();
  world_.run_for(1h);
  EXPECT_EQ(find().ask(Add{5}).value(), 5);
}

}  // namespace
}  // namespace troupe::network_test
