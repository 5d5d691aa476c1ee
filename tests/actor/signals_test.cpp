// SPDX-License-Identifier: Apache-2.0
// Signals as values and messages (runtime/actor/signals.hpp). They are sent to this process, whose
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
#include <optional>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using actor_test::Gate;
using actor_test::Hold;
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

// ---- what was there before ---------------------------------------------------------------------

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

// ---- to actors ---------------------------------------------------------------------------------

class Hears final {
 public:
  using Accepts = Protocol<void(Signal), void(Hold), void(int)>;

  explicit Hears(Recorded<Signal>& heard) : heard_(heard) {}
  void handle(Signal signal) { heard_.add(signal); }
  void handle(const Hold& gates) { actor_test::hold(gates); }
  void handle(int /*number*/) {}

 private:
  Recorded<Signal>& heard_;
};

TEST(SignalsTest, AnActorGetsThemAsMessages) {
  Recorded<Signal> heard;
  Runtime runtime{actor_test::workers(2)};
  Signals signals{runtime, {SIGUSR1, SIGUSR2}};
  const auto actor = runtime.spawn<Hears>(heard);
  const auto other = runtime.spawn<Hears>(heard);
  signals.deliver_to(actor);
  signals.deliver_to(actor);
  signals.deliver_to(Ref<Protocol<void(Signal)>>{other});
  ::raise(SIGUSR2);
  const auto all = heard.wait_for(2);
  EXPECT_EQ(all.at(0).number, SIGUSR2);
  EXPECT_EQ(all.at(1).from, ::getpid());
  EXPECT_TRUE(signals.wait()) << "who waits gets it too";
}

TEST(SignalsTest, AFullMailboxHasRoomForOneOfEachNumberWhichCounts) {
  Recorded<Signal> heard;
  Recorded<Signal> seen;
  Runtime runtime{actor_test::workers(2)};
  Signals signals{runtime, {SIGUSR1, SIGUSR2}};
  const auto actor = runtime.spawn_with<Hears>(actor_test::mailbox(1, WhenFull::refuse), heard);
  signals.deliver_to(actor);
  signals.deliver_to(runtime.spawn<Hears>(seen));  // after the actor
  const Hold gates;
  actor.send(gates);
  gates.begun.pass();
  while (actor.send(1)) {
  }
  for (std::size_t i = 1; i <= 100; ++i) {
    ::raise(SIGUSR1);
    seen.wait_for(i);
  }
  ::raise(SIGUSR2);
  seen.wait_for(101);
  EXPECT_EQ(actor_test::stats_of(runtime, actor).mailbox, 3U) << "a number, and two signals";
  gates.end.open();
  const auto all = heard.wait_for(2);
  EXPECT_EQ(all.at(0).times, 100U);
  EXPECT_EQ(all.at(1).number, SIGUSR2);
}

TEST(SignalsTest, WhenTheObjectIsGoneNothingIsDelivered) {
  Recorded<Signal> heard;
  Runtime runtime{actor_test::workers(1)};
  Signals kept{runtime, {SIGUSR1}};
  const auto actor = runtime.spawn<Hears>(heard);
  {
    Signals signals{runtime, {SIGUSR1}};
    signals.deliver_to(actor);
  }
  ::raise(SIGUSR1);
  Signals later{runtime, {SIGUSR1}};
  later.deliver_to(actor);
  ::raise(SIGUSR1);
  EXPECT_EQ(heard.wait_for(1).front().times, 1U);
  EXPECT_EQ(kept.wait().value().times, 2U);
}

TEST(SignalsTest, DeliveryToAnEmptyHandleThrows) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1}};
  EXPECT_THROW(signals.deliver_to(Ref<Hears>{}), Error);
}

}  // namespace
}  // namespace troupe
