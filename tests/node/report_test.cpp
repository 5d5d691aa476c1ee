// SPDX-License-Identifier: Apache-2.0
// What a node tells of itself over a link.

#include "node/subjects.hpp"
#include "troupe/runtime/node/inspection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace troupe::node_test {
namespace {

class ReportTest : public testing::Test {
 protected:
  Runtime there_{named("there")};
  Runtime here_{named("here")};
  const Address address_ = there_.listen("unix:").value();
  const Node node_ = here_.connect(address_).value();
};

TEST_F(ReportTest, ANodeTellsWhatItsActorsDo) {
  const auto account = there_.spawn_with<Account>({.name = "savings"}, 1);
  ASSERT_TRUE(account.ask(Add{2}));
  const auto report = node::ask_node(node_, node::Detail::actors, Deadline{60s}).value();
  EXPECT_EQ(report.name, "there");
  const auto found = std::ranges::find(report.stats.actors, "savings", &ActorStats::name);
  ASSERT_NE(found, report.stats.actors.end());
  EXPECT_EQ(found->handled, 1U);
  EXPECT_TRUE(
      node::ask_node(node_, node::Detail::summary, Deadline{60s}).value().stats.actors.empty());
}

TEST_F(ReportTest, ItsLinksAreAmongIt) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(1L).value();
  ASSERT_TRUE(account.ask(Add{2}));
  ASSERT_TRUE(account.send(Note{1, std::string(100'000, 'x')}));
  ASSERT_TRUE(account.ask(Total{}));
  const auto report = node::ask_node(node_, node::Detail::summary, Deadline{60s}).value();
  ASSERT_EQ(report.links.size(), 1U);
  EXPECT_EQ(report.links[0].node, "here");
  EXPECT_EQ(report.links[0].over.substr(0, 4), "shm:");
  EXPECT_GT(report.links[0].received, 100'000U);
  EXPECT_GT(report.links[0].sent, 0U);
  EXPECT_LT(report.links[0].sent, 100'000U);
  EXPECT_EQ(report.links[0].queued, 0U);
}

TEST_F(ReportTest, WhatAnActorHasNotDoneIsOutOfItsCredit) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(1L).value();
  ASSERT_TRUE(account.send(Hold{}));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(account.send(Add{1}));
  }
  // The other way round: what `here_` says of its link.
  here_.offer<Account>();
  const Address back = here_.listen("unix:").value();
  const Node to_here = there_.connect(back).value();
  node::LinkReport link;
  while (link.messages_out < 21) {
    link = node::ask_node(to_here, node::Detail::summary, Deadline{60s}).value().links.at(0);
  }
  EXPECT_EQ(link.node, "there");
  EXPECT_GT(link.bytes_out, 0U);
  EXPECT_GE(link.lines, 1U);
}

TEST(ReportOffTest, ANodeThatIsNotToBeSeenSaysSo) {
  RuntimeOptions options = named("there");
  options.inspect = Inspect::off;
  Runtime there{options};
  Runtime here{named("here")};
  const Node node = here.connect(there.listen("unix:").value()).value();
  const auto report = node::ask_node(node, node::Detail::summary, Deadline{60s});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error(), Code::refused);
  EXPECT_NE(std::string{report.error().what()}.find("node there is not to be seen"),
            std::string::npos)
      << report.error().what();
}

}  // namespace
}  // namespace troupe::node_test
