// SPDX-License-Identifier: Apache-2.0
// Supervisors over actors in processes of their own, and over processes.

#include "actor/process_actors.hpp"
#include "troupe/runtime/actor/supervisor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

SupervisorOptions patient(Strategy strategy = Strategy::one_for_one) {
  SupervisorOptions options;
  options.strategy = strategy;
  options.restarts = 100;
  options.backoff_first = 1ms;
  options.backoff_most = 2ms;
  return options;
}

ChildOptions apart(Restart restart = Restart::permanent) {
  ChildOptions options;
  options.placement = Placement::process;
  options.restart = restart;
  return options;
}

// Whoever it is by now.
pid_t pid_of(const Named<Worker>& worker) {
  for (;;) {
    if (auto pid = worker.ask(WhoAreYou{})) {
      return *pid;
    }
  }
}

void fail_at_once() {
  throw std::runtime_error{"no luck"};
}
void wait_for_ever(Runtime& runtime) {
  while (!runtime.stopping()) {
    ::pause();
  }
}

class ProcessSupervisorTest : public testing::Test {
 protected:
  Runtime runtime_{workers(2)};
};

TEST_F(ProcessSupervisorTest, AKilledProcessActorIsStartedAgainUnderTheSameName) {
  Supervisor supervisor{runtime_, patient()};
  const auto worker = supervisor.add<Worker>("worker", apart()).value();
  pid_t before = pid_of(worker);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(::kill(before, SIGKILL), 0);
    pid_t now = before;
    wait_until([&] { return (now = pid_of(worker)) != before; });
    before = now;
  }
  EXPECT_EQ(supervisor.children().front().restarts, 5);
  EXPECT_EQ(supervisor.children().front().last->signal, SIGKILL);
}

TEST_F(ProcessSupervisorTest, ACrashTakesOnlyTheActorsOfItsGroupAlong) {
  Supervisor supervisor{runtime_, patient(Strategy::one_for_all)};
  const auto here = supervisor.add<Recorder>("here", ChildOptions{}).value();
  const auto there = supervisor.add<Worker>("there", apart()).value();
  const pid_t before = pid_of(there);
  here.send(7);
  ASSERT_EQ(here.ask(Read{}).value(), numbers(7, 8));
  ASSERT_FALSE(there.ask(Crash{}));
  wait_until([&] { return pid_of(there) != before; });
  wait_until([&] {
    const auto read = here.ask(Read{});
    return read && read->empty();
  });
}

TEST_F(ProcessSupervisorTest, ItGivesUpWhenAProcessEndsTooOften) {
  SupervisorOptions options = patient();
  options.restarts = 2;
  Supervisor supervisor{runtime_, options};
  ASSERT_TRUE(supervisor.add_process("hopeless", ChildOptions{}, fail_at_once));
  const Exit exit = supervisor.wait().value();
  EXPECT_EQ(exit.kind, Exit::Kind::failed);
  EXPECT_NE(exit.what.find("no luck"), std::string::npos) << exit.what;
}

TEST_F(ProcessSupervisorTest, WorkersAreProcessesThatAStopEnds) {
  Supervisor supervisor{runtime_, patient()};
  ASSERT_TRUE(supervisor.add_workers("worker", 3, ChildOptions{}, wait_for_ever));
  const auto children = supervisor.children();
  ASSERT_EQ(children.size(), 3U);
  EXPECT_EQ(children[2].name, "worker-3");
  const StopReport report = supervisor.stop(10s);
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(ProcessSupervisorTest, AProcessMayRunForLongerThanItsGrace) {
  Supervisor supervisor{runtime_, patient()};
  ChildOptions options;
  options.grace = 1ms;
  ASSERT_TRUE(supervisor.add_process("patient", options, wait_for_ever));
  EXPECT_EQ(supervisor.wait(200ms).error(), Code::timed_out);
  EXPECT_EQ(supervisor.children().front().restarts, 0);
}

TEST_F(ProcessSupervisorTest, AStopThatHasLessTimeThanTheGraceKillsTheProcess) {
  Supervisor supervisor{runtime_, patient()};
  ChildOptions options = apart();
  options.grace = 1h;
  const auto worker = supervisor.add<Worker>("worker", options).value();
  const pid_t pid = pid_of(worker);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  (void)supervisor.stop(50ms);
  wait_until([&] { return ::kill(pid, 0) != 0; });
}

TEST_F(ProcessSupervisorTest, ASignalReachesASupervisedProcess) {
  Supervisor supervisor{runtime_, patient()};
  const auto worker = supervisor.add<Worker>("worker", apart()).value();
  const pid_t before = pid_of(worker);
  ASSERT_TRUE(runtime_.signal(*worker.now(), SIGKILL));
  wait_until([&] { return pid_of(worker) != before; });
}

TEST_F(ProcessSupervisorTest, ATransientProcessThatReturnsIsNotStartedAgain) {
  Supervisor supervisor{runtime_, patient()};
  ChildOptions options;
  options.restart = Restart::transient;
  ASSERT_TRUE(supervisor.add_process(
      "once", options, +[] {}));
  EXPECT_TRUE(supervisor.wait().value().ok());
}

class Unsendable final {
 public:
  void handle(int /*number*/) {}
};

TEST_F(ProcessSupervisorTest, AClassWithoutAcceptsCannotBeApart) {
  Supervisor supervisor{runtime_, patient()};
  const auto added = supervisor.add<Unsendable>("here only", apart());
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), Code::invalid_argument);
  EXPECT_NE(std::string{added.error().what()}.find("Accepts"), std::string::npos);
}

}  // namespace
}  // namespace troupe::actor_test
