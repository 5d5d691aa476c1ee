// SPDX-License-Identifier: Apache-2.0
// How links begin and end.

#include "node/subjects.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

// A node that can be stopped and started again, at the same address.
class LinkEndTest : public testing::Test {
 protected:
  void start() {
    there_.emplace(named("there"));
    there_->offer<Account>();
    account_ = there_->spawn<Account>(1);
    ASSERT_TRUE(there_->register_name("savings", account_));
    address_ = there_->listen(address_.empty() ? Address{"unix:"} : address_).value();
  }

  Runtime here_{named("here")};
  std::optional<Runtime> there_;
  Address address_;
  Ref<Account> account_;
};

TEST_F(LinkEndTest, WhoWatchesAnActorThereIsToldOnceThatItIsUnreachable) {
  start();
  const auto account = here_.connect(address_).value().spawn<Account>(0L).value();
  Inbox<Protocol<>> inbox{here_};
  inbox.context().monitor(account);
  there_.reset();
  std::vector<Down> downs;
  ASSERT_TRUE(inbox.receive([&](Down down) { downs.push_back(std::move(down)); }));
  ASSERT_EQ(downs.size(), 1U);
  EXPECT_FALSE(account.send(Add{1}));
  EXPECT_FALSE(account.ask(Total{}));
  EXPECT_FALSE(inbox.receive([](const Down&) {}, after(20ms, [] {})) && downs.size() > 1);
}

TEST_F(LinkEndTest, AnAskInFlightEnds) {
  start();
  const auto account = here_.connect(address_).value().spawn<Account>(0L).value();
  account.send(Hold{});
  auto asked = account.ask_async(Total{}, 1h);
  there_.reset();
  const auto answer = asked.get();
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error() == Code::disconnected || answer.error() == Code::cancelled ||
              answer.error() == Code::closed)
      << answer.error().what();
}

TEST_F(LinkEndTest, ANameFollowsItsNodeThroughARestart) {
  start();
  const auto savings = here_.connect(address_).value().find<Account>("savings").value();
  EXPECT_EQ(savings.ask(Add{10}).value(), 11);
  there_.reset();
  start();
  // What was asked of the old life meanwhile is told so. The new one knows nothing of it.
  auto asked = savings.ask(Add{10}, 60s);
  while (!asked && asked.error() == Code::disconnected) {
    asked = savings.ask(Add{10}, 60s);
  }
  EXPECT_EQ(asked.value(), 11);
}

TEST_F(LinkEndTest, ANodeHandleDialsAnew) {
  start();
  const Node node = here_.connect(address_).value();
  const NodeInfo before = node.info().value();
  there_.reset();
  start();
  Result<NodeInfo> after = node.info();
  while (!after || after->id == before.id) {  // until it has noticed
    after = node.info();
  }
  EXPECT_GT(after->epoch, before.epoch);
}

TEST_F(LinkEndTest, TwoNodesThatDialEachOtherAtOnceHaveOneLink) {
  for (int i = 0; i < 20; ++i) {
    Runtime a{named("a")};
    Runtime b{named("b")};
    const Address of_a = a.listen("unix:").value();
    const Address of_b = b.listen("unix:").value();
    a.offer<Account>();
    b.offer<Account>();
    const auto dial = [](Runtime& runtime, const Address& address) {
      return std::async(std::launch::async, [&runtime, address] {
        const Runtime::Scope scope{runtime};
        return runtime.connect(address).value().spawn<Account>(7L).value().ask(Total{}).value();
      });
    };
    auto one = dial(a, of_b);
    auto other = dial(b, of_a);
    EXPECT_EQ(one.get(), 7);
    EXPECT_EQ(other.get(), 7);
  }
}

TEST_F(LinkEndTest, AWrongKeyIsRefused) {
  there_.emplace(named("there"));
  const Address address = there_->listen("unix:", {.key = AuthKey::random()}).value();
  ConnectOptions options;
  options.key = AuthKey::random();
  const auto node = here_.connect(address, options);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), Code::refused);
}

TEST_F(LinkEndTest, TheRightKeyIsTaken) {
  there_.emplace(named("there"));
  ConnectOptions options;
  options.key = AuthKey::random();
  const Address address = there_->listen("unix:", options).value();
  EXPECT_TRUE(here_.connect(address, options));
}

TEST_F(LinkEndTest, ANodeDoesNotLinkToItself) {
  const Address address = here_.listen("unix:").value();
  const auto node = here_.connect(address);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), Code::refused);
  EXPECT_NE(std::string{node.error().what()}.find("this node itself"), std::string::npos);
}

TEST_F(LinkEndTest, WhatIsNoNodeIsRefused) {
  Listener listener = Listener::create(here_, "unix:").value();
  auto answer = std::async(std::launch::async, [&] {
    const Runtime::Scope scope{here_};
    Connection connection = listener.accept().value();
    (void)connection.receive_bytes();
    const std::string hello = "hello";
    (void)connection.send_bytes(std::as_bytes(std::span{hello}));
  });
  const auto node = here_.connect(listener.address());
  answer.get();
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), Code::refused);
  EXPECT_NE(std::string{node.error().what()}.find("no node of troupe"), std::string::npos)
      << node.error().what();
}

TEST_F(LinkEndTest, GarbageOnTheListenerHurtsNobody) {
  start();
  const auto savings = here_.connect(address_).value().find<Account>("savings").value();
  for (const std::string garbage : {"", "x", "\x93\xff\xff\xff", "\x01\xa5hello"}) {
    Connection connection = troupe::connect(here_, address_).value();
    (void)connection.send_bytes(std::as_bytes(std::span{garbage}));
  }
  EXPECT_EQ(savings.ask(Total{}).value(), 1);
}

}  // namespace
}  // namespace troupe::node_test
