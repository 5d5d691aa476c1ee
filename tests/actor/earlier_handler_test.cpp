// SPDX-License-Identifier: Apache-2.0
// Signals: the handlers, defaults and masks that a program had before, and has after.
#include "troupe/runtime/actor/signals.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>

namespace troupe {
namespace {

using namespace std::chrono_literals;

std::atomic<int> first_calls = 0;
std::atomic<int> second_calls = 0;
std::optional<struct sigaction> below_second;

void first(int /*number*/) {
  ++first_calls;
}
// A library's that hands on, as ours does.
void second(int number, siginfo_t* info, void* context) {
  ++second_calls;
  below_second->sa_sigaction(number, info, context);
}

class EarlierHandlerTest : public testing::Test {
 protected:
  EarlierHandlerTest() {
    first_calls = 0;
    second_calls = 0;
    struct sigaction action {};
    action.sa_handler = first;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, &before_);
  }
  ~EarlierHandlerTest() override { ::sigaction(SIGUSR1, &before_, nullptr); }

  static struct sigaction now() {
    struct sigaction action {};
    ::sigaction(SIGUSR1, nullptr, &action);
    return action;
  }
  static void install_second() {
    below_second = now();
    struct sigaction action {};
    action.sa_sigaction = second;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGUSR1, &action, nullptr);
  }

  Runtime runtime_{RuntimeOptions{}};
  struct sigaction before_ {};
};

TEST_F(EarlierHandlerTest, IsCalledTooAndIsBackWhenTheLastOneIsGone) {
  {
    Signals one{runtime_, {SIGUSR1}};
    { const Signals two{runtime_, {SIGUSR1}}; }
    EXPECT_FALSE(now().sa_handler == first) << "one is still there";
    ::raise(SIGUSR1);
    EXPECT_TRUE(one.try_take());
    EXPECT_EQ(first_calls, 1);
  }
  EXPECT_TRUE(now().sa_handler == first);
  EXPECT_EQ(now().sa_flags & SA_SIGINFO, 0);
}

TEST_F(EarlierHandlerTest, OneThatWasPutOverOursStaysAndReachesWhatWasThereAtFirst) {
  {
    Signals signals{runtime_, {SIGUSR1}};
    install_second();
    ::raise(SIGUSR1);
    EXPECT_EQ(signals.try_take()->times, 1U);
    EXPECT_EQ(second_calls, 1);
    EXPECT_EQ(first_calls, 1);
  }
  EXPECT_TRUE(now().sa_sigaction == second) << "it is not ours to take away";
  ::raise(SIGUSR1);
  EXPECT_EQ(second_calls, 2);
  EXPECT_EQ(first_calls, 2);
  {
    Signals again{runtime_, {SIGUSR1}};
    ::raise(SIGUSR1);
    EXPECT_EQ(again.try_take()->times, 1U) << "though ours is over it and below it";
    EXPECT_EQ(second_calls, 3);
    EXPECT_EQ(first_calls, 3);
  }
  EXPECT_TRUE(now().sa_sigaction == second);
  ::raise(SIGUSR1);
  EXPECT_EQ(second_calls, 4);
  EXPECT_EQ(first_calls, 4);
}

TEST(SignalsTest, TheDefaultIsBackAfterwards) {
  Runtime runtime{RuntimeOptions{}};
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGUSR2, SIG_DFL);
    {
      Runtime own{RuntimeOptions{}};
      const Signals signals{own, {SIGUSR2}};
      ::raise(SIGUSR2);
    }
    ::raise(SIGUSR2);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGUSR2);
}

TEST(SignalsTest, AForksCopyHasNoneAndDoesNotDisturbTheOriginal) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1, SIGWINCH}};
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGWINCH);  // does nothing by default
    ::raise(SIGUSR1);   // ends it
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGUSR1);
  EXPECT_EQ(wait_any(runtime, {signals}, 0s).error(), Code::timed_out) << "nobody rang";
}

TEST(SignalsTest, MasksStayAsTheyAreAndABlockedSignalWaits) {
  Runtime runtime{RuntimeOptions{}};
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &one, &before);
  {
    Signals signals{runtime, {SIGUSR1, SIGUSR2}};
    ::kill(::getpid(), SIGUSR1);
    EXPECT_FALSE(signals.try_take());
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_EQ(::sigismember(&after, SIGUSR1), 1);
    EXPECT_EQ(::sigismember(&after, SIGUSR2), 0);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_EQ(signals.wait().value().number, SIGUSR1);
  }
}

}  // namespace
}  // namespace troupe
