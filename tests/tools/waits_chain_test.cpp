// SPDX-License-Identifier: Apache-2.0
#include "tools/waits_chain.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

ActorStats actor(std::uint64_t number, const std::string& name, const std::string& state) {
  ActorStats stats;
  stats.id.number = number;
  stats.name = name;
  stats.type = "Clerk";
  stats.state = state;
  stats.capacity = 10;
  return stats;
}

ActorStats waiting(std::uint64_t number, const std::string& name, std::uint64_t awaited) {
  ActorStats stats = actor(number, name, "waiting");
  stats.handler = "Form";
  stats.handling = 2s;
  stats.waits_for = "somebody";
  stats.awaited.number = awaited;
  return stats;
}

std::string last_of(std::vector<ActorStats> actors) {
  node::ProgramReport report;
  report.pid = 47;
  report.stats.actors = std::move(actors);
  return explain(report, report.stats.actors.front()).back();
}

TEST(WaitsChainTest, EachOnTheWayHasASentence) {
  node::ProgramReport report;
  report.stats.actors = {waiting(1, "a", 2), waiting(2, "b", 3), actor(3, "c", "running")};
  const auto sentences = explain(report, report.stats.actors.front());
  ASSERT_EQ(sentences.size(), 4U);
  EXPECT_EQ(sentences[0],
            "Clerk \"a\" (1.0) has been handling Form for 2.0 s and waits for somebody.");
  EXPECT_EQ(sentences[2], "Clerk \"c\" (3.0) is running.");
}

TEST(WaitsChainTest, TheEndSaysWhatItIs) {
  EXPECT_NE(last_of({waiting(1, "a", 2), actor(2, "b", "running")}).find("It has a worker"),
            std::string::npos);
  EXPECT_NE(last_of({waiting(1, "a", 2), actor(2, "b", "idle")}).find("answer is on its way"),
            std::string::npos);
  ActorStats asleep = waiting(1, "a", 0);
  asleep.waits_for = "";
  EXPECT_NE(last_of({asleep}).find("is no actor"), std::string::npos);
  ActorStats blocked = waiting(1, "a", 0);
  blocked.waits_for = "a blocking() call that has taken 12 ms";
  EXPECT_NE(last_of({blocked}).find("Nobody can cut that call short"), std::string::npos);
  EXPECT_NE(last_of({waiting(1, "a", 9)}).find("has ended meanwhile"), std::string::npos);
}

TEST(WaitsChainTest, WhoMayStandForAProcessIsToldWithThem) {
  node::ProgramReport report;
  report.children = {48, 49};
  ActorStats proxy = actor(1, "a", "waiting");
  report.stats.actors = {proxy};
  EXPECT_NE(explain(report, proxy).back().find("that is one of 48, 49: troupe ps PID"),
            std::string::npos);
}

TEST(WaitsChainTest, WhoHasNoWorkerIsToldWhoHas) {
  ActorStats busy = actor(2, "b", "running");
  busy.handling = 3s;
  ActorStats queued = actor(1, "a", "queued");
  queued.mailbox = 4;
  EXPECT_EQ(last_of({queued, busy}),
            "No worker has come to it yet; they have: Clerk \"b\" (2.0) for 3.0 s.");
}

TEST(WaitsChainTest, AnIdleOneThatNobodyWaitsForIsSimplyIdle) {
  EXPECT_EQ(last_of({actor(1, "a", "idle")}), "Clerk \"a\" (1.0) is idle.");
}

TEST(WaitsChainTest, ACircleEnds) {
  EXPECT_NE(last_of({waiting(1, "a", 2), waiting(2, "b", 1)}).find("circle"), std::string::npos);
}

TEST(FindActorTest, ANameWinsOverAnIdAndThatOverAClass) {
  Stats stats;
  stats.actors = {actor(1, "2.0", "idle"), actor(2, "b", "idle")};
  EXPECT_EQ(find_actor(stats, "2.0").value(), stats.actors.data());
  EXPECT_EQ(find_actor(stats, "1.0").value(), stats.actors.data());
  EXPECT_EQ(find_actor(stats, "b").value(), &stats.actors[1]);
  EXPECT_EQ(find_actor(stats, "nobody").value(), nullptr);
  EXPECT_EQ(find_actor(stats, "Clerk").error(), Code::invalid_argument);
}

}  // namespace
}  // namespace troupe::tools
