// SPDX-License-Identifier: Apache-2.0
// What others see of running programs by their inspection sockets.
#include "troupe/runtime/node/inspection.hpp"

#include "harness/temporary_directory.hpp"
#include "node/looking.hpp"
#include "process/support.hpp"
#include "troupe/base/clock.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace troupe::node_test {
namespace {

using namespace std::chrono_literals;
using node::Detail;
using test::Program;

TEST(InspectionTest, AProgramWhoseWorkersAreAllStuckIsStillRead) {
  const PrivateDirectory place;
  Program program = Program::in_role({"stuck"});
  read_until_ready(program);
  const auto report = report_of(program.pid());
  EXPECT_EQ(report.pid, program.pid());
  EXPECT_EQ(report.program, "node_test_program");
  EXPECT_EQ(report.stats.gauges.at("troupe_workers"), 2);
  const auto running = std::ranges::count(report.stats.actors, "running", &ActorStats::state);
  EXPECT_EQ(running, 2);
}

TEST(InspectionTest, AReportTellsEachActorAndWhomItWaitsFor) {
  const PrivateDirectory place;
  Program program = Program::in_role({"chain"});
  read_until_ready(program);
  const auto report = report_of(program.pid());
  const ActorStats& teller = actor_named(report, "anna");
  const ActorStats& vault = actor_named(report, "gold");
  EXPECT_EQ(teller.type, "Teller");
  EXPECT_EQ(teller.state, "waiting");
  EXPECT_EQ(teller.handler, "Withdraw");
  EXPECT_EQ(teller.awaited, vault.id);
  EXPECT_EQ(teller.mailbox, 3U);
  EXPECT_EQ(vault.awaited.number, 0U);
  EXPECT_FALSE(report.version.empty());
  EXPECT_EQ(report.build_id.size(), 40U);
  EXPECT_GT(report.uptime, 0ns);
  while (actor_named(report_of(program.pid()), "anna").handling == 0ns) {  // the clock is coarse
  }
}

TEST(InspectionTest, ASummaryHasNoRows) {
  const PrivateDirectory place;
  Program program = Program::in_role({"chain"});
  read_until_ready(program);
  const auto report = report_of(program.pid(), Detail::summary);
  EXPECT_TRUE(report.stats.actors.empty());
  EXPECT_EQ(report.stats.gauges.at("troupe_actors"), 2);
}

TEST(InspectionTest, AProcessActorsProgramIsAChildOfItsStarters) {
  const PrivateDirectory place;
  Program program = Program::in_role({"tree"});
  const std::string line = program.read_line();
  ASSERT_TRUE(line.starts_with("child ")) << line;
  const pid_t child = std::stoi(line.substr(6));
  read_until_ready(program);
  EXPECT_EQ(report_of(child).parent, program.pid());
  EXPECT_EQ(report_of(program.pid()).children, std::vector<std::int64_t>{child});
  EXPECT_EQ(report_of(program.pid()).parent, 0);
}

TEST(InspectionTest, AChildServesNoMetricsAndItsParentDoes) {
  const PrivateDirectory place;
  Program program = Program::in_role({"tree"});
  const pid_t child = std::stoi(program.read_line().substr(6));
  read_until_ready(program);
  EXPECT_NE(report_of(program.pid()).metrics, "");
  EXPECT_EQ(report_of(child).metrics, "");
}

TEST(InspectionTest, AKilledProgramIsNotListedAndItsSocketIsRemoved) {
  const PrivateDirectory place;
  Program program = Program::in_role({"chain"});
  read_until_ready(program);
  const auto places = places_of(program.pid());
  ASSERT_EQ(places.size(), 1U);
  program.signal(SIGKILL);
  program.wait();
  EXPECT_TRUE(std::filesystem::exists(places.front().path));
  EXPECT_EQ(node::ask_program(places.front(), Detail::summary, 10min).error(), Code::not_found);
  EXPECT_TRUE(places_of(program.pid()).empty());
  EXPECT_FALSE(std::filesystem::exists(places.front().path));
}

TEST(InspectionTest, WhatAKilledProgramLeftGoesWhenAnotherBegins) {
  const PrivateDirectory place;
  Program program = Program::in_role({"chain"});
  read_until_ready(program);
  const auto left = places_of(program.pid()).at(0).path;
  program.signal(SIGKILL);
  program.wait();
  ASSERT_TRUE(std::filesystem::exists(left));
  const Runtime another{RuntimeOptions{.inspect = Inspect::on}};
  while (std::filesystem::exists(left)) {
    std::this_thread::yield();
  }
}

TEST(InspectionTest, AProgramThatEndsInOrderLeavesNothing) {
  const PrivateDirectory place;
  Program program = Program::in_role({"tree"});
  read_until_ready(program);
  ASSERT_EQ(places_of(program.pid()).size(), 1U);
  program.close_input();
  EXPECT_EQ(program.wait().kind, Exit::Kind::normal);
  for (const auto& file : std::filesystem::directory_iterator{place.path()}) {
    EXPECT_FALSE(file.path().filename().string().starts_with("inspect-")) << file.path();
  }
}

TEST(InspectionTest, AnEmbeddedRuntimeIsSeenOnlyWhereItSaysSo) {
  const PrivateDirectory place;
  Program program = Program::in_role({"embedded"});
  read_until_ready(program);
  const auto places = places_of(program.pid());
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(node::ask_program(places.front(), Detail::summary, 10min).value().name, "open");
}

TEST(InspectionTest, EachRuntimeOfAProcessIsSeen) {
  const PrivateDirectory place;
  Runtime one{RuntimeOptions{.name = "one", .inspect = Inspect::on}};
  {
    Runtime two{RuntimeOptions{.name = "two", .inspect = Inspect::on}};
    const auto places = places_of(::getpid());
    ASSERT_EQ(places.size(), 2U);
    EXPECT_EQ(node::ask_program(places[0], Detail::summary, 10min).value().name, "one");
    EXPECT_EQ(node::ask_program(places[1], Detail::summary, 10min).value().name, "two");
  }
  EXPECT_EQ(places_of(::getpid()).size(), 1U);
}

TEST(InspectionTest, ACopyThatForkMakesTakesTheSocketFromNobody) {
  const PrivateDirectory place;
  auto runtime = std::make_unique<Runtime>(RuntimeOptions{.inspect = Inspect::on});
  const pid_t copy = ::fork();
  if (copy == 0) {
    runtime.reset();
    std::_Exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
  ASSERT_EQ(places_of(::getpid()).size(), 1U);
  EXPECT_TRUE(node::ask_program(places_of(::getpid()).front(), Detail::summary, 10min));
}

TEST(InspectionTest, AStoppedProgramTimesOutAndIsToldWhatToTry) {
  const PrivateDirectory place;
  Program program = Program::in_role({"chain"});
  read_until_ready(program);
  program.signal(SIGSTOP);
  test::wait_until_in_state(program.pid(), 'T');
  const auto places = places_of(program.pid());
  ASSERT_EQ(places.size(), 1U);
  const auto report = node::ask_program(places.front(), Detail::summary, 50ms);
  EXPECT_EQ(report.error(), Code::timed_out);
  EXPECT_NE(std::string{report.error().what()}.find("stopped"), std::string::npos);
  program.signal(SIGCONT);
  EXPECT_TRUE(node::ask_program(places.front(), Detail::summary, 10min));
}

// How often the threads that answer have gone to sleep.
std::uint64_t sleeps_of_reporters() {
  std::uint64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (test::read_file(task.path() / "comm") != "troupe-report\n") continue;
    const std::string status = test::read_file(task.path() / "status");
    const std::string name = "\nvoluntary_ctxt_switches:";
    sum += std::stoull(status.substr(status.find(name) + name.size()));
  }
  return sum;
}

TEST(InspectionTest, NothingWakesWhileNobodyAsks) {
  const PrivateDirectory place;
  Runtime runtime{RuntimeOptions{.inspect = Inspect::on, .metrics = "tcp://127.0.0.1:0"}};
  EXPECT_EQ(report_of(::getpid()).metrics, runtime.metrics_address().text());
  std::uint64_t before = sleeps_of_reporters();
  EXPECT_GT(before, 0U);
  // Until none has woken between five looks in a row, a fifth of a second apart.
  for (int quiet = 0; quiet < 5;) {
    std::this_thread::sleep_for(200ms);
    const std::uint64_t now = sleeps_of_reporters();
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
  EXPECT_EQ(report_of(::getpid()).pid, ::getpid()) << "it wakes when it has to";
}

TEST(InspectionTest, WithoutAPrivateDirectoryAProgramRunsUnseen) {
  const PrivateDirectory place;
  const harness::EnvironmentScope nowhere{"XDG_RUNTIME_DIR", ""};
  const harness::EnvironmentScope no_temporary{"TMPDIR", "/proc/no/such/place"};
  std::vector<std::string> lines;
  Runtime runtime{RuntimeOptions{
      .inspect = Inspect::on,
      .log = [&](std::string_view line) { lines.emplace_back(line); },
  }};
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines.front().find("troupe ps"), std::string::npos) << lines.front();
}

}  // namespace
}  // namespace troupe::node_test
