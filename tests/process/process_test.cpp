// SPDX-License-Identifier: Apache-2.0
// The life of a process, as its starter sees it.
#include "troupe/runtime/process/process.hpp"

#include "support.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/process/this_process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using Kind = Exit::Kind;

Runtime& runtime() {
  return *Runtime::current();
}

void nothing() {}
void wait_for_a_signal() {
  for (;;)
    ::pause();
}
// Runs until somebody closes the other end.
void wait_for_the_end(UniqueFd reader) {
  test::read_all(reader);
}

bool readable(int fd) {
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, 0) == 1;
}

TEST(ProcessTest, RunsFromConstructionAndEndsNormally) {  // PR-14
  Process process{runtime(), nothing};
  const Exit exit = process.join().value();
  EXPECT_TRUE(exit.ok());
  EXPECT_EQ(exit.python_code(), 0);
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exit(), exit);
  EXPECT_EQ(exit.who, process.name() + " (pid " + std::to_string(process.pid()) + ")");
}

TEST(ProcessTest, WhileItRunsItIsAliveListedAndHasNoExit) {  // PR-11 PR-22
  test::Ends pipe = test::make_pipe();
  Process process{runtime(), wait_for_the_end, std::move(pipe.reader)};
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exit(), std::nullopt);
  const auto children = this_process::children();
  EXPECT_EQ(std::ranges::count(children, process.pid()), 1);

  pipe.writer.reset();
  ASSERT_TRUE(process.join().value().ok());
  EXPECT_FALSE(process.is_alive());
  EXPECT_TRUE(this_process::children().empty());
}

TEST(ProcessTest, AnEmptyProcessIsNotAliveAndEveryUseOfItIsClosed) {  // PR-10 PR-24 PR-26 PR-27
  Process process;
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exit(), std::nullopt);
  EXPECT_EQ(process.sentinel(), -1);
  EXPECT_EQ(process.pid(), 0);
  EXPECT_EQ(process.name(), "");
  EXPECT_EQ(process.join().error(), Code::closed);
  EXPECT_EQ(process.terminate().error(), Code::closed);
}

TEST(ProcessTest, MovingLeavesAnEmptyProcessBehind) {
  Process process{runtime(), nothing};
  Process other = std::move(process);
  EXPECT_EQ(process.join().error(), Code::closed);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(other.join().value().ok());
}

TEST(ProcessTest, JoinWithoutTimeReturnsAtOnceWhileItRuns) {  // PR-16
  Process process{runtime(), wait_for_a_signal};
  EXPECT_EQ(process.join(0s).error(), Code::timed_out);
  EXPECT_EQ(process.join(-1s).error(), Code::timed_out);
  EXPECT_EQ(process.join(1ms).error(), Code::timed_out);
  EXPECT_TRUE(process.is_alive());
}

TEST(ProcessTest, TerminateKillsBySigtermAndJoinSaysSoAgainAndAgain) {  // PR-17
  Process process{runtime(), wait_for_a_signal};
  ASSERT_TRUE(process.terminate());
  const Exit exit = process.join().value();
  EXPECT_EQ(exit.kind, Kind::killed);
  EXPECT_EQ(exit.python_code(), -SIGTERM);
  EXPECT_EQ(process.join().value(), exit);
  EXPECT_EQ(process.join(0s).value(), exit);
  EXPECT_TRUE(process.terminate());  // to a dead one: no error
  EXPECT_TRUE(this_process::children().empty());
}

TEST(ProcessTest, KillAndInterruptKillByTheirSignals) {  // PR-18 PR-20
  Process killed{runtime(), wait_for_a_signal};
  ASSERT_TRUE(killed.kill());
  EXPECT_EQ(killed.join().value().python_code(), -SIGKILL);
  Process interrupted{runtime(), wait_for_a_signal};
  ASSERT_TRUE(interrupted.interrupt());
  EXPECT_EQ(interrupted.join().value().python_code(), -SIGINT);
}

TEST(ProcessTest, AnySignalCanBeSentAndOnesThatDoNotExistAreInvalid) {
  Process process{runtime(), wait_for_a_signal};
  EXPECT_EQ(process.signal(12345).error(), Code::invalid_argument);
  ASSERT_TRUE(process.signal(SIGUSR1));
  EXPECT_EQ(process.join().value().text(),
            process.name() + " (pid " + std::to_string(process.pid()) + ") was killed by SIGUSR1");
}

TEST(ProcessTest, TheSentinelIsReadyOnceTheProcessHasEnded) {  // PR-25
  test::Ends pipe = test::make_pipe();
  Process process{runtime(), wait_for_the_end, std::move(pipe.reader)};
  EXPECT_GE(process.sentinel(), 0);
  EXPECT_FALSE(readable(process.sentinel()));
  pipe.writer.reset();
  const auto ready = wait_any(runtime(), {process, Deadline{1min}}).value();
  EXPECT_EQ(ready, std::vector<std::size_t>{0});
  EXPECT_TRUE(readable(process.sentinel()));
  EXPECT_TRUE(process.join(0s).value().ok());
  EXPECT_TRUE(readable(process.sentinel()));
}

TEST(ProcessTest, HundredChildrenAtOnceAllEndNormally) {  // PR-29
  std::vector<Process> processes;
  for (int i = 0; i < 100; ++i) {
    processes.emplace_back(runtime(), nothing);
  }
  for (Process& process : processes) {
    EXPECT_TRUE(process.join().value().ok());
  }
}

TEST(ProcessTest, HundredChildrenTerminatedAtOnceAllSaySo) {  // PR-30
  std::vector<Process> processes;
  for (int i = 0; i < 100; ++i) {
    processes.emplace_back(runtime(), wait_for_a_signal);
    ASSERT_TRUE(processes.back().terminate());
  }
  for (Process& process : processes) {
    EXPECT_EQ(process.join().value().python_code(), -SIGTERM);
  }
}

TEST(ProcessTest, NeitherZombiesNorDescriptorsAreLeft) {  // PR-28
  Process{runtime(), nothing}.join().value();
  const auto fds = test::open_fds();
  const auto children = test::children_of(::getpid());
  for (int i = 0; i < 5; ++i) {
    Process joined{runtime(), nothing};
    joined.join().value();
    Process dropped{runtime(), wait_for_a_signal};
    Process failing{runtime(), [] { throw std::runtime_error("x"); }};
    Process::start(runtime(), {.start = StartMethod::exec}, nothing).value().join().value();
  }
  EXPECT_EQ(test::open_fds(), fds);
  EXPECT_EQ(test::children_of(::getpid()), children);
}

TEST(ProcessTest, TheDestructorTerminatesWhatStillRuns) {
  pid_t pid = 0;
  {
    Process process{runtime(), wait_for_a_signal};
    pid = process.pid();
  }
  EXPECT_EQ(test::state_of(pid), '-');
}

TEST(ProcessTest, TheDestructorKillsWhatIgnoresSigtermAfterItsGrace) {
  test::Ends pipe = test::make_pipe();
  pid_t pid = 0;
  {
    Process process{runtime(),
                    {.grace = 10ms},
                    [](UniqueFd ready) {
                      ::signal(SIGTERM, SIG_IGN);
                      test::write_text(ready, "!");
                      wait_for_a_signal();
                    },
                    std::move(pipe.writer)};
    pid = process.pid();
    char byte = 0;
    ASSERT_EQ(::read(pipe.reader.get(), &byte, 1), 1);
  }
  EXPECT_EQ(test::state_of(pid), '-');
}

TEST(ProcessTest, TheDestructorKillsWhatIsStopped) {
  pid_t pid = 0;
  {
    Process process{runtime(), {.grace = 10ms}, wait_for_a_signal};
    pid = process.pid();
    ASSERT_TRUE(process.signal(SIGSTOP));
    test::wait_until_in_state(pid, 'T');
    EXPECT_TRUE(process.is_alive());
  }
  EXPECT_EQ(test::state_of(pid), '-');
}

TEST(ProcessTest, ManyThreadsMayJoinOneProcess) {  // W30
  test::Ends pipe = test::make_pipe();
  Process process{runtime(),
                  [](UniqueFd reader) {
                    test::read_all(reader);
                    return 9;
                  },
                  std::move(pipe.reader)};
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (process.join().value().code == 9) ++right;
    });
  }
  pipe.writer.reset();
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(right, 8);
}

TEST(ProcessTest, ALivingGrandchildDoesNotDelayJoin) {  // W30
  test::Ends pipe = test::make_pipe();
  Process process{
      runtime(),
      [](Runtime& own, UniqueFd reader) {
        Process grandchild{own, {.detached = true}, wait_for_the_end, std::move(reader)};
      },
      std::move(pipe.reader)};
  EXPECT_TRUE(process.join().value().ok());
  EXPECT_TRUE(readable(process.sentinel()));
}

TEST(ProcessTest, AHandledSignalDoesNotInterruptJoin) {  // PR-44
  static std::atomic<int> handled;
  handled = 0;
  struct sigaction counting {};
  counting.sa_handler = [](int) { ++handled; };
  struct sigaction before {};
  ::sigaction(SIGUSR1, &counting, &before);

  Process process{runtime(), [] {
                    for (int i = 0; i < 5; ++i) {
                      ::kill(::getppid(), SIGUSR1);
                      ::usleep(1000);  // so that they do not merge into one
                    }
                    return 3;
                  }};
  EXPECT_EQ(process.join().value().code, 3);
  EXPECT_GE(handled, 1);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(ProcessTest, AWaitpidOfTheProgramForAnyChildDoesNotSeeOurs) {
  Process process{runtime(), [] { return 5; }};
  ASSERT_EQ(wait_any(runtime(), {process}).value().size(), 1U);
  int status = 0;
  EXPECT_EQ(::waitpid(-1, &status, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(process.join().value().code, 5);
}

TEST(ProcessTest, AnIgnoredSigchldTakesNoStatusAway) {
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGCHLD, &ignoring, &before);
  Process copied{runtime(), [] { return 5; }};
  Process executed{runtime(), {.start = StartMethod::exec}, [] { return 6; }};
  EXPECT_EQ(copied.join().value().code, 5);
  EXPECT_EQ(executed.join().value().code, 6);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(ProcessTest, ADetachedProcessOutlivesItsObjectAndLeavesNoZombie) {  // PR-05
  test::Ends pipe = test::make_pipe();
  pid_t pid = 0;
  {
    Process process{runtime(), {.detached = true}, wait_for_the_end, std::move(pipe.reader)};
    pid = process.pid();
  }
  EXPECT_EQ(::kill(pid, 0), 0);
  EXPECT_EQ(::getsid(pid), pid);
  pipe.writer.reset();
  while (::kill(pid, 0) == 0) {  // gone altogether: the runtime reaps it
    std::this_thread::yield();
  }
}

TEST(ProcessTest, AStartWithoutARuntimeIsInvalid) {  // PR-48
  std::thread{[] {
    EXPECT_EQ(Process::start({}, nothing).error(), Code::invalid_argument);
  }}.join();
  EXPECT_TRUE(Process::start({}, nothing).value().join().value().ok());
  EXPECT_TRUE(Process{nothing}.join().value().ok());
}

}  // namespace
}  // namespace troupe
