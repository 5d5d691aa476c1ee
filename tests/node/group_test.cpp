// SPDX-License-Identifier: Apache-2.0
// Groups whose members are on several nodes.

#include "node/subjects.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::node_test {
namespace {

using NewsApi = Protocol<void(Note)>;

// By looking, again and again.
template <class P>
void await_members(const Group<P>& group, std::size_t count) {
  while (group.members().value().size() != count) {
    std::this_thread::yield();
  }
}

class FarGroupTest : public testing::Test {
 protected:
  static Note next(Inbox<NewsApi>& inbox) {
    Note note;
    inbox.receive([&](Note its) { note = std::move(its); }).value();
    return note;
  }

  Runtime there_{named("there")};
  Runtime here_{named("here")};
  const Address address_ = there_.listen("unix:").value();
  Group<NewsApi> group_there_ = there_.group<NewsApi>("news");
  Group<NewsApi> group_here_ = here_.group<NewsApi>("news");
};

TEST_F(FarGroupTest, PublishingReachesTheMembersOfAllNodesAndSaysHowMany) {
  Inbox<NewsApi> one{there_};
  Inbox<NewsApi> two{here_};
  group_there_.join(one.ref());  // before there is a link,
  const Node node = here_.connect(address_).value();
  group_here_.join(two.ref());  // and after
  await_members(group_here_, 2);
  await_members(group_there_, 2);
  EXPECT_EQ(group_here_.publish(Note{1, "from here"}), 2U);
  EXPECT_EQ(next(one).text, "from here");
  EXPECT_EQ(next(two).text, "from here");
  EXPECT_EQ(group_there_.publish(Note{2, "from there"}), 2U);
  EXPECT_EQ(next(one).text, "from there");
  EXPECT_EQ(next(two).text, "from there");
}

TEST_F(FarGroupTest, MembersOfOtherNodesComeAfterThoseOfThisOne) {
  Inbox<NewsApi> one{there_};
  Inbox<NewsApi> two{here_};
  group_there_.join(one.ref());
  const Node node = here_.connect(address_).value();
  await_members(group_here_, 1);
  group_here_.join(two.ref());
  const auto members = group_here_.members().value();
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0], two.ref());
  EXPECT_EQ(group_here_.members().value(), members) << "one actor has one handle";
}

TEST_F(FarGroupTest, WhoHasLeftOrEndedThereIsNoMemberHere) {
  Inbox<NewsApi> leaves{there_};
  std::optional<Inbox<NewsApi>> ends;
  ends.emplace(there_);
  group_there_.join(leaves.ref());
  group_there_.join(ends->ref());
  const Node node = here_.connect(address_).value();
  await_members(group_here_, 2);
  group_there_.leave(leaves.ref());
  await_members(group_here_, 1);
  ends.reset();
  await_members(group_here_, 0);
  EXPECT_EQ(group_here_.publish(Note{}), 0U);
}

TEST_F(FarGroupTest, ANodeTakesItsMembersAlongWhenItGoesAndBringsItsOwnWhenItComes) {
  Inbox<NewsApi> stays{here_};
  group_here_.join(stays.ref());
  for (int life = 0; life < 3; ++life) {
    std::optional<Runtime> guest;
    guest.emplace(named("guest"));
    std::optional<Inbox<NewsApi>> own;
    own.emplace(*guest);
    guest->group<NewsApi>("news").join(own->ref());
    const Address at = guest->listen("unix:").value();
    const Node node = here_.connect(at).value();
    await_members(group_here_, 2);
    await_members(guest->group<NewsApi>("news"), 2);
    own.reset();
    guest.reset();
    await_members(group_here_, 1);
  }
}

TEST_F(FarGroupTest, ThirdNodesSeeEachOtherOnlyWhereTheyAreLinked) {
  Runtime third{named("third")};
  Inbox<NewsApi> inbox{third};
  third.group<NewsApi>("news").join(inbox.ref());
  const Node node = third.connect(address_).value();
  const Node other = here_.connect(address_).value();
  await_members(group_there_, 1);
  EXPECT_TRUE(group_here_.members().value().empty());
  const Address at = here_.listen("unix:").value();
  const Node direct = third.connect(at).value();
  await_members(group_here_, 1);
  EXPECT_EQ(group_here_.publish(Note{3, "direct"}), 1U);
  EXPECT_EQ(next(inbox).number, 3U);
}

TEST_F(FarGroupTest, AMemberThatTakesMoreIsOneOfThoseThatWantLess) {
  const auto account = there_.spawn<Account>(0);
  there_.group<Account>("accounts").join(account);
  const Node node = here_.connect(address_).value();
  await_members(here_.group<AccountApi>("accounts"), 1);
  EXPECT_EQ(here_.group<AccountApi>("accounts").publish(Add{5}), 1U);
  const auto members = here_.group<Account>("accounts").members().value();
  ASSERT_EQ(members.size(), 1U);
  EXPECT_EQ(members[0].ask(Total{}).value(), 5);
}

TEST_F(FarGroupTest, AMemberThatDoesNotTakeWhatIsPublishedIsNone) {
  const auto reporter = there_.spawn<Reporter>();
  there_.group<Reporter>("mixed").join(reporter);
  Inbox<NewsApi> inbox{there_};
  there_.group<NewsApi>("mixed").join(inbox.ref());
  const Node node = here_.connect(address_).value();
  await_members(here_.group<NewsApi>("mixed"), 1);
  await_members(here_.group<Reporter>("mixed"), 1);
  EXPECT_EQ(here_.group<NewsApi>("mixed").publish(Note{7, ""}), 1U);
  EXPECT_EQ(next(inbox).number, 7U);
}

// Of a class without Accepts.
class Silent final {
 public:
  void handle(Note /*note*/) {}
};

TEST_F(FarGroupTest, WhoCannotBeReachedFromElsewhereIsAMemberAtHomeOnly) {
  const auto silent = there_.spawn<Silent>();
  there_.group<Silent>("mixed").join(silent);
  const Node node = here_.connect(address_).value();
  Inbox<NewsApi> inbox{there_};
  there_.group<NewsApi>("mixed").join(inbox.ref());
  await_members(here_.group<NewsApi>("mixed"), 1);
  EXPECT_EQ(there_.group<Silent>("mixed").members().value().size(), 1U);
}

TEST_F(FarGroupTest, AMessageThatFollowsAJoiningFindsTheMember) {
  const Node node = here_.connect(address_).value();
  for (std::uint64_t i = 0; i < 50; ++i) {
    // Whoever hears of a joining by a message sees it: what is told of groups overtakes messages.
    const std::string name = "room " + std::to_string(i);
    Inbox<NewsApi> told{there_};
    ASSERT_TRUE(there_.register_name(name, told.ref()));
    const auto far = node.find<NewsApi>(name).value();
    Inbox<NewsApi> member{here_};
    here_.group<NewsApi>(name).join(member.ref());
    ASSERT_TRUE(far.send(Note{i, "joined"}));
    EXPECT_EQ(next(told).number, i);
    EXPECT_EQ(there_.group<NewsApi>(name).publish(Note{i, "welcome"}), 1U);
    EXPECT_EQ(next(member).text, "welcome");
  }
}

}  // namespace
}  // namespace troupe::node_test
