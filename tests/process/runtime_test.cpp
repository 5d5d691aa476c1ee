// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/runtime.hpp"

#include "support.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/process/this_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <chrono>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;

void wait_for_a_signal() {
  for (;;)
    ::pause();
}
// Says that it is there, then ignores SIGTERM.
void stay(UniqueFd ready) {
  ::signal(SIGTERM, SIG_IGN);
  test::write_text(ready, "!");
  ready.reset();
  wait_for_a_signal();
}

TEST(RuntimeTest, TheConstructingThreadHasItAsCurrent) {
  Runtime* const outer = Runtime::current();
  ASSERT_NE(outer, nullptr);
  {
    Runtime inner{RuntimeOptions{}};
    EXPECT_EQ(Runtime::current(), &inner);
  }
  EXPECT_EQ(Runtime::current(), outer);
}

TEST(RuntimeTest, AForeignThreadHasNoneUntilAScopeSaysSo) {
  Runtime& runtime = *Runtime::current();
  std::thread{[&] {
    EXPECT_EQ(Runtime::current(), nullptr);
    {
      const Runtime::Scope scope{runtime};
      EXPECT_EQ(Runtime::current(), &runtime);
      EXPECT_TRUE(Process{[] {}}.join().value().ok());
    }
    EXPECT_EQ(Runtime::current(), nullptr);
  }}.join();
}

TEST(RuntimeTest, TwoRuntimesShareTheZygoteAndStopOnlyWhatIsTheirs) {
  Process mine{*Runtime::current(), wait_for_a_signal};
  const auto children = test::children_of(::getpid()).size();
  {
    Runtime other{RuntimeOptions{.name = "other"}};
    EXPECT_EQ(other.name(), "other");
    Process theirs{other, wait_for_a_signal};
    EXPECT_EQ(test::children_of(::getpid()).size(), children + 1);
    EXPECT_TRUE(other.stop().clean());
    EXPECT_EQ(theirs.join().value().python_code(), -SIGTERM);
    EXPECT_FALSE(Runtime::current()->stop_token().stop_requested() && Runtime::current() != &other);
  }
  EXPECT_TRUE(mine.is_alive());
  EXPECT_EQ(this_process::children().size(), 1U);
}

TEST(RuntimeTest, AStopCancelsAJoinThatWaits) {
  Runtime runtime{RuntimeOptions{}};
  Process process{runtime, wait_for_a_signal};
  std::thread stopping{[&] { runtime.request_stop(); }};
  EXPECT_EQ(process.join().error(), Code::cancelled);
  stopping.join();
  EXPECT_TRUE(runtime.stop_token().stop_requested());
  EXPECT_TRUE(this_process::stop_token().stop_requested());
  EXPECT_EQ(Process::start(runtime, {}, wait_for_a_signal).error(), Code::cancelled);
}

TEST(RuntimeTest, StopReportsWhatHadToBeKilled) {
  Runtime runtime{RuntimeOptions{}};
  test::Ends pipe = test::make_pipe();
  Process willing{runtime, wait_for_a_signal};
  Process stubborn{runtime, {.name = "stubborn", .grace = 10ms}, stay, std::move(pipe.writer)};
  EXPECT_EQ(test::read_all(pipe.reader), "!");
  const StopReport report = runtime.stop();
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders.front().who, "stubborn (pid " + std::to_string(stubborn.pid()) + ")");
  EXPECT_TRUE(report.holders.front().killed);
  EXPECT_GE(report.holders.front().for_how_long, 10ms);
  EXPECT_EQ(stubborn.join().value().python_code(), -SIGKILL);
  EXPECT_EQ(willing.join().value().python_code(), -SIGTERM);
}

TEST(RuntimeTest, TheDeadlineOfAStopCutsTheGraceShort) {
  Runtime runtime{RuntimeOptions{}};
  test::Ends pipe = test::make_pipe();
  Process stubborn{runtime, {.grace = 1h}, stay, std::move(pipe.writer)};
  EXPECT_EQ(test::read_all(pipe.reader), "!");
  EXPECT_EQ(runtime.stop(1ms).holders.size(), 1U);
}

TEST(RuntimeTest, TheDestructorStopsWhatItStarted) {
  pid_t pid = 0;
  Process outliving;
  {
    Runtime runtime{RuntimeOptions{}};
    outliving = Process{runtime, wait_for_a_signal};
    pid = outliving.pid();
  }
  EXPECT_EQ(test::state_of(pid), '-');
  EXPECT_EQ(outliving.join().value().python_code(), -SIGTERM);
}

TEST(RuntimeTest, NoDescriptorIsLeft) {
  const auto before = test::open_fds();
  {
    Runtime runtime{RuntimeOptions{.signals = SignalPolicy::stop_on_terminate}};
    Process process{runtime, wait_for_a_signal};
  }
  EXPECT_EQ(test::open_fds(), before);
}

TEST(RuntimeTest, HandlersThatWereThereAreCalledTooAndPutBack) {
  static std::atomic<int> called;
  called = 0;
  struct sigaction earlier {};
  earlier.sa_handler = [](int) { ++called; };
  struct sigaction before {};
  ::sigaction(SIGTERM, &earlier, &before);
  {
    Runtime runtime{RuntimeOptions{.signals = SignalPolicy::stop_on_terminate}};
    Runtime other{RuntimeOptions{.signals = SignalPolicy::stop_on_terminate}};
    ::raise(SIGTERM);
    EXPECT_EQ(called, 1);
    for (Runtime* const each : {&runtime, &other}) {
      while (!each->stopping())
        std::this_thread::yield();
    }
  }
  ::raise(SIGTERM);
  EXPECT_EQ(called, 2);
  ::sigaction(SIGTERM, &before, nullptr);
}

TEST(RuntimeTest, AnIgnoredSignalStaysIgnored) {
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGINT, &ignoring, &before);
  {
    Runtime runtime{RuntimeOptions{.signals = SignalPolicy::stop_on_terminate}};
    ::raise(SIGINT);
    ::raise(SIGINT);
    EXPECT_FALSE(runtime.stopping());
  }
  ::sigaction(SIGINT, &before, nullptr);
}

}  // namespace
}  // namespace troupe
