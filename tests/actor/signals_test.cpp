// SPDX-License-Identifier: Apache-2.0
// Signals as values (runtime/actor/signals.hpp). They are sent to this process, whose
// one thread without a mask is the test's.
#include "troupe/runtime/actor/signals.hpp"

#include "recorded.hpp"
#include "support.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using actor_test::Recorded;

// ---- waiting -----------------------------------------------------------------------------------

TEST(SignalsTest, ASignalSaysItsNumberAndWhoSentIt) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1, SIGUSR2}};
  ::kill(::getpid(), SIGUSR2);
  const Signal signal = signals.wait().value();
  EXPECT_EQ(signal.number, SIGUSR2);
  EXPECT_EQ(signal.from, ::getpid());
  EXPECT_EQ(signal.times, 1U);
}

TEST(SignalsTest, ThoseThatWereNotTakenAreOneThatCountsThem) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1, SIGUSR2, SIGRTMIN}};
  for (int i = 0; i < 1000; ++i) {
    ::raise(SIGRTMIN);
    ::raise(SIGUSR2);
  }
  ::raise(SIGUSR1);
  for (const auto& [number, times] :
       std::vector<std::pair<int, unsigned>>{{SIGUSR1, 1U}, {SIGUSR2, 1000U}, {SIGRTMIN, 1000U}}) {
    const auto signal = signals.try_take();
    ASSERT_TRUE(signal) << "the lowest number first";
    EXPECT_EQ(signal->number, number);
    EXPECT_EQ(signal->times, times);
  }
  EXPECT_FALSE(signals.try_take());
}

TEST(SignalsTest, AWaitEndsAtItsDeadlineAndWithTheRuntime) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1}};
  EXPECT_EQ(signals.wait(0s).error(), Code::timed_out);
  ::raise(SIGUSR1);
  runtime.request_stop();
  EXPECT_TRUE(signals.wait()) << "what is there wins";
  EXPECT_EQ(signals.wait().error(), Code::cancelled);
}

struct Ping {};
struct Waiting {
  using Accepts = Protocol<int(Ping), void(int)>;
  Runtime& runtime;
  Recorded<int>& seen;

  int handle(Ping /*ping*/) { return 1; }
  void handle(int number) {
    Signals signals{runtime, {number}};
    seen.add(0);
    seen.add(signals.wait().value().number);
  }
};

TEST(SignalsTest, AnActorThatWaitsLeavesItsWorkerToOthers) {
  Recorded<int> seen;
  Runtime runtime{actor_test::workers(1)};
  const auto waits = runtime.spawn<Waiting>(runtime, seen);
  const auto other = runtime.spawn<Waiting>(runtime, seen);
  waits.send(int{SIGUSR1});
  seen.wait_for(1);
  EXPECT_EQ(other.ask(Ping{}).value(), 1);
  ::raise(SIGUSR1);
  EXPECT_EQ(seen.wait_for(2).at(1), SIGUSR1);
}

TEST(SignalsTest, SelectTakesASignalAndWaitAnyFindsIt) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1}};
  EXPECT_EQ(wait_any(runtime, {signals}, 0s).error(), Code::timed_out);
  ::raise(SIGUSR1);
  EXPECT_EQ(wait_any(runtime, {signals}).value(), std::vector<std::size_t>{0});
  int number = 0;
  ASSERT_TRUE(select(runtime, on(signals, [&](Signal signal) { number = signal.number; })));
  EXPECT_EQ(number, SIGUSR1);
}

TEST(SignalsTest, TheEndOfAChildNamesIt) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGCHLD}};
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(signals.wait().value().from, child);
  ::waitpid(child, nullptr, 0);
}

TEST(SignalsTest, AnEmptyOneIsClosed) {
  Runtime runtime{RuntimeOptions{}};
  Signals moved{runtime, {SIGUSR1}};
  Signals signals{std::move(moved)};
  Signals empty;
  EXPECT_EQ(empty.wait().error(), Code::closed);
  EXPECT_EQ(empty.ready_fd(), -1);
  const auto selected = select(runtime, on(empty, [](Signal) {}));
  EXPECT_EQ(selected.error(), Code::closed);
  ::raise(SIGUSR1);
  EXPECT_TRUE(signals.wait());
}

// ---- several -----------------------------------------------------------------------------------

TEST(SignalsTest, EachOfSeveralInSeveralRuntimesGetsEverySignal) {
  Runtime one{RuntimeOptions{}};
  Runtime two{RuntimeOptions{}};
  std::vector<Signals> all;
  for (int i = 0; i < 100; ++i) {
    all.emplace_back(i % 2 == 0 ? one : two, std::array{SIGUSR1, SIGWINCH});
  }
  Signals other{one, {SIGWINCH}};
  ::raise(SIGUSR1);
  for (Signals& signals : all) {
    EXPECT_EQ(signals.wait().value().number, SIGUSR1);
  }
  EXPECT_FALSE(other.try_take());
  all.resize(1);
  ::raise(SIGUSR1);
  EXPECT_EQ(all.front().wait().value().number, SIGUSR1);
}

TEST(SignalsTest, NoneIsLostOrSeenTwiceWhileOthersComeAndGo) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1}};
  std::atomic<bool> done = false;
  std::thread others{[&] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (!done) {
      const Signals passing{runtime, {SIGUSR1, SIGUSR2}};
    }
  }};
  constexpr std::uint32_t kCount = 20'000;
  std::uint32_t seen = 0;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    ::raise(SIGUSR1);
    if (const auto signal = signals.try_take()) seen += signal->times;
  }
  done = true;
  others.join();
  EXPECT_EQ(seen, kCount);
}

// ---- refused -----------------------------------------------------------------------------------

Error why_not(int number) {
  Runtime runtime{RuntimeOptions{}};
  try {
    const Signals signals{runtime, {SIGUSR1, number}};
  } catch (const Error& error) {
    return error;
  }
  return Error{Code::failed, "nothing was thrown"};
}

TEST(SignalsTest, WhatCannotBeHadIsRefusedWithTheReason) {
  for (const int number : {SIGKILL, SIGSTOP}) {
    EXPECT_EQ(why_not(number), Code::refused);
    EXPECT_NE(std::string{why_not(number).what()}.find("never reaches a program"),
              std::string::npos);
  }
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    EXPECT_EQ(why_not(number), Code::refused);
    EXPECT_NE(std::string{why_not(number).what()}.find("fault"), std::string::npos);
  }
  for (const int number : {0, -1, 32, 65, 1000}) {
    EXPECT_EQ(why_not(number), Code::invalid_argument) << number;
  }
}

}  // namespace
}  // namespace troupe
