// SPDX-License-Identifier: Apache-2.0
#include "tools/listing.hpp"

#include "tools/figures_text.hpp"
#include "tools/look_options.hpp"
#include "tools/program_tree.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

Program program(std::int64_t pid, std::int64_t parent, std::vector<std::int64_t> children = {}) {
  node::ProgramReport report;
  report.program = "bank";
  report.pid = pid;
  report.parent = parent;
  report.children = std::move(children);
  return {{pid, 0, "inspect-" + std::to_string(pid) + ".0"}, report};
}

std::vector<std::string> drawn(const std::vector<Program>& programs) {
  std::vector<std::string> lines;
  for (const TreeRow& row : tree_of(programs)) {
    lines.push_back(row.branch + std::to_string(row.pid) +
                    (row.program == nullptr ? " silent" : ""));
  }
  return lines;
}

TEST(ProgramTreeTest, ChildrenStandBelowTheirParents) {
  EXPECT_EQ(drawn({program(1, 0, {2, 5}), program(2, 1, {3}), program(3, 2), program(4, 0)}),
            (std::vector<std::string>{"1", "├ 2", "│ └ 3", "└ 5 silent", "4"}));
}

TEST(ProgramTreeTest, AChildWhoseParentSaysNothingOfItStillNamesThat) {
  EXPECT_EQ(drawn({program(1, 0), program(2, 1), program(3, 99)}),
            (std::vector<std::string>{"1", "└ 2", "3"}));
}

TEST(ProgramTreeTest, PidsThatGoRoundAreEachListedOnce) {
  EXPECT_EQ(drawn({program(1, 2, {2}), program(2, 1, {1})}).size(), 2U);
}

TEST(LinkTableTest, ALinkIsTextThatPeopleRead) {
  node::ProgramReport report;
  report.links.push_back({.node = "hosta",
                          .over = "tcp://10.0.0.2:7000",
                          .pid = 4711,
                          .sent = 512,
                          .received = 3'300'000,
                          .queued = 10'200,
                          .lines = 3,
                          .messages_out = 17,
                          .bytes_out = 2048,
                          .round_trip = 85us});
  const auto lines = link_table(report).lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(
      lines[1],
      "hosta    4711  tcp://10.0.0.2:7000        85us   512      3.1M     10K       3  17 (2.0K)");
}

TEST(BytesTextTest, ItIsShortAndRounded) {
  EXPECT_EQ(bytes_text(0), "0");
  EXPECT_EQ(bytes_text(1023), "1023");
  EXPECT_EQ(bytes_text(1024), "1.0K");
  EXPECT_EQ(bytes_text(10'239), "10K");
  EXPECT_EQ(bytes_text(1023 * 1024), "1.0M");
  EXPECT_EQ(bytes_text(std::uint64_t{5} << 40U), "5.0T");
}

TEST(RatesTest, ARateIsWhatCameBetweenTwoLooks) {
  Rates rates;
  EXPECT_LT(rates.rate({"p", 1}, 100, 10s), 0) << "there is none yet";
  EXPECT_DOUBLE_EQ(rates.rate({"p", 1}, 150, 12s), 25);
  EXPECT_DOUBLE_EQ(rates.rate({"p", 1}, 150, 12s), 25) << "no time has passed";
  EXPECT_LT(rates.rate({"p", 2}, 7, 12s), 0);
}

TEST(LookOptionsTest, TheSortIsAskedForByName) {
  const std::vector<const char*> arguments{"--sort=age", "4711"};
  const auto options = parse_look_options(Look::top, arguments).value();
  EXPECT_EQ(options.sort, Sort::age);
  EXPECT_EQ(options.target->pid, 4711);
  EXPECT_EQ(name_of(options.sort), "age");
}

}  // namespace
}  // namespace troupe::tools
