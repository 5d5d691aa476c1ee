// SPDX-License-Identifier: Apache-2.0
// Handles in messages between nodes.

#include "node/subjects.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

class HandleTest : public testing::Test {
 protected:
  Runtime there_{named("there")};
  Runtime here_{named("here")};
  const Address address_ = there_.listen("unix:").value();
  Node node_ = here_.connect(address_).value();
};

std::vector<std::uint64_t> numbers_of(Inbox<Protocol<void(Note)>>& inbox, std::size_t count) {
  std::vector<std::uint64_t> numbers;
  while (numbers.size() < count) {
    inbox.receive([&](const Note& note) { numbers.push_back(note.number); }).value();
  }
  return numbers;
}

TEST_F(HandleTest, AnActorThereAnswersToAHandleInAMessage) {
  there_.offer<Reporter>();
  const auto reporter = node_.spawn<Reporter>().value();
  Inbox<Protocol<void(Note)>> inbox{here_};
  EXPECT_EQ(reporter.ask(Report{inbox.ref(), 3}).value(), 3U);
  EXPECT_EQ(numbers_of(inbox, 3), (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST_F(HandleTest, AThirdNodeUsesAHandleThatItWasSentAndFindsTheWay) {
  // `third` and `here_` know `there_` only.
  Runtime third{named("third")};
  third.offer<Reporter>();
  const Address third_address = third.listen("unix:").value();
  Inbox<Protocol<void(Note)>> inbox{there_};
  there_.offer<Reporter>();
  // A handle of an actor of `there_`, which went to `here_`, goes on to `third`.
  ASSERT_TRUE(there_.register_name("notes", inbox.ref()));
  const auto notes = node_.find<Protocol<void(Note)>>("notes").value().now().value();
  const auto far = here_.connect(third_address).value().spawn<Reporter>().value();
  EXPECT_EQ(far.ask(Report{notes, 4}).value(), 4U);
  EXPECT_EQ(numbers_of(inbox, 4), (std::vector<std::uint64_t>{0, 1, 2, 3}));
}

TEST_F(HandleTest, AThirdNodeProvesTheKeyOfItsSystem) {
  const ConnectOptions keyed{.key = AuthKey::random()};
  Runtime one{named("one")};
  Runtime third{named("third")};
  third.offer<Reporter>();
  const Address of_one = one.listen("tcp://127.0.0.1:0", keyed).value();
  const Address of_third = third.listen("tcp://127.0.0.1:0", keyed).value();
  Inbox<Protocol<void(Note)>> inbox{one};
  ASSERT_TRUE(one.register_name("notes", inbox.ref()));
  const auto notes = here_.connect(of_one, keyed)
                         .value()
                         .find<Protocol<void(Note)>>("notes")
                         .value()
                         .now()
                         .value();
  const auto far = here_.connect(of_third, keyed).value().spawn<Reporter>().value();
  EXPECT_EQ(far.ask(Report{notes, 4}).value(), 4U);
  EXPECT_EQ(numbers_of(inbox, 4), (std::vector<std::uint64_t>{0, 1, 2, 3}));

  // And one that listens nowhere itself, with what it came in with: the way back to `here_` is
  // private.
  Inbox<Protocol<void(Note)>> own{here_};
  EXPECT_EQ(far.ask(Report{own.ref(), 2}).value(), 2U);
  EXPECT_EQ(numbers_of(own, 2), (std::vector<std::uint64_t>{0, 1}));
}

TEST_F(HandleTest, ANodeThatListensAfterAHandleHasLeftItIsFoundThere) {
  Runtime late{named("late")};
  Inbox<Protocol<void(Note)>> inbox{late};
  there_.offer<Reporter>();
  const auto reporter = late.connect(address_).value().spawn<Reporter>().value();
  EXPECT_EQ(reporter.ask(Report{inbox.ref(), 1}).value(), 1U);  // its private address is known
  const Address of_late = late.listen("tcp://127.0.0.1:0").value();
  EXPECT_EQ(here_.connect(of_late).value().info().value().address, of_late.text());
}

TEST_F(HandleTest, AHandleThatComesBackIsTheActorItself) {
  there_.offer<Reporter>();
  const auto reporter = node_.spawn<Reporter>().value();
  Inbox<Protocol<void(Note)>> inbox{there_};
  ASSERT_TRUE(there_.register_name("notes", inbox.ref()));
  const auto notes = node_.find<Protocol<void(Note)>>("notes").value().now().value();
  EXPECT_EQ(reporter.ask(Report{notes, 1}).value(), 1U);
  EXPECT_EQ(numbers_of(inbox, 1), (std::vector<std::uint64_t>{0}));
}

TEST_F(HandleTest, WhoMonitorsAHandleWhoseNodeIsGoneIsToldOnce) {
  // `gone` listens while a handle of its actor is made, and is gone when that is used.
  std::optional<Runtime> gone;
  gone.emplace(named("gone"));
  const Address gone_address = gone->listen("unix:").value();
  gone->offer<Account>();
  there_.offer<Keeper>();
  const auto keeper = node_.spawn<Keeper>().value();
  {
    Runtime between{named("between")};
    const auto account = between.connect(gone_address).value().spawn<Account>(1L).value();
    const auto far = between.connect(address_).value().spawn<Keeper>().value();
    ASSERT_TRUE(far.ask(Keep{account}));
    ASSERT_TRUE(keeper.ask(Keep{far.ask(Kept{}).value().account}));
  }
  gone.reset();
  Inbox<Protocol<>> inbox{here_};
  const auto account = keeper.ask(Kept{}).value().account;
  inbox.context().monitor(account);
  // Its node told of an end in order before the link went, or the link was never made.
  EXPECT_TRUE(inbox.receive([](const Down& /*down*/) {}));
  EXPECT_FALSE(account.ask(Total{}));
}

TEST_F(HandleTest, AnEmptyHandleArrivesEmpty) {
  there_.offer<Reporter>();
  const auto reporter = node_.spawn<Reporter>().value();
  EXPECT_EQ(reporter.ask(Report{{}, 2}).value(), 0U);
}

TEST_F(HandleTest, AProcessActorTalksBackToAHandle) {
  Inbox<Protocol<void(Note)>> inbox{here_};
  const auto apart = here_.spawn_process<Reporter>().value();
  EXPECT_EQ(apart.ask(Report{inbox.ref(), 5}, 60s).value(), 5U);
  EXPECT_EQ(numbers_of(inbox, 5), (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace troupe::node_test
