// SPDX-License-Identifier: Apache-2.0
// Actors in processes of their own: the same handle as in this one.

#include "actor/process_actors.hpp"
#include "actor/support.hpp"
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class ProcessActorTest : public testing::Test {
 protected:
  template <class... X>
  Ref<Worker> spawn(X... arguments) {
    return runtime_.spawn_process<Worker>(std::move(arguments)...).value();
  }

  Runtime runtime_{workers(2)};
};

TEST_F(ProcessActorTest, AnAskIsAnsweredByAnotherProcess) {
  const auto worker = spawn();
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  EXPECT_NE(pid, ::getpid());
  EXPECT_GT(pid, 0);
}

TEST_F(ProcessActorTest, SendsArriveInTheirOrderHoweverMany) {
  const auto worker = spawn();
  const int count = scaled(20000);
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(worker.send(i, forever));
  }
  EXPECT_EQ(worker.ask(Read{}).value(), numbers(0, count));
}

TEST_F(ProcessActorTest, ItsConstructorRunsThereWithTheArguments) {
  const auto worker = spawn(std::vector<int>{1, 2, 3});
  EXPECT_EQ(worker.ask(Read{}).value(), numbers(1, 4));
}

TEST_F(ProcessActorTest, AnActorSuspendsWhileItAsks) {
  const auto worker = spawn();
  const auto front = runtime_.spawn<Front>(worker);
  EXPECT_EQ(front.ask(Twice{21}).value(), 42);
}

TEST_F(ProcessActorTest, ManyAsksMayBeUnderWay) {
  const auto worker = spawn();
  std::vector<Future<int>> futures;
  for (int i = 0; i < 2000; ++i) {
    futures.push_back(worker.ask_async(Twice{i}));
  }
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(futures[static_cast<std::size_t>(i)].get().value(), 2 * i);
  }
}

TEST_F(ProcessActorTest, WhatItsHandlerReturnsAsAnErrorIsTheAskersError) {
  const auto worker = spawn();
  const auto refused = worker.ask(Refuse{"not today", 7});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::failed);
  EXPECT_EQ(refused.error().application_code(), 7);
  EXPECT_NE(std::string{refused.error().what()}.find("not today"), std::string::npos);
  EXPECT_TRUE(worker.ask(WhoAreYou{}));
}

TEST_F(ProcessActorTest, AHandlerThatThrowsEndsItAsFailed) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn();
  inbox.context().monitor(worker);
  const auto thrown = worker.ask(Throw{"out of cheese"});
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error(), Code::failed);
  const Down down = await_down(inbox);
  EXPECT_EQ(down.target, worker.id());
  EXPECT_EQ(down.reason.kind, Exit::Kind::failed);
  EXPECT_NE(down.reason.what.find("out of cheese"), std::string::npos) << down.reason.text();
}

TEST_F(ProcessActorTest, AConstructorThatThrowsEndsItAsFailed) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn(std::string{"refuse to start"});
  inbox.context().monitor(worker);
  const Down down = await_down(inbox);
  EXPECT_EQ(down.reason.kind, Exit::Kind::failed);
  EXPECT_NE(down.reason.what.find("refuse to start"), std::string::npos) << down.reason.text();
}

TEST_F(ProcessActorTest, ABadPointerThereIsOneDownHereThatSaysWhere) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn();
  inbox.context().monitor(worker);
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  const auto answer = worker.ask(Crash{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_EQ(answer.error().effect(), Effect::unknown);
  const Down down = await_down(inbox);
  const std::string text = down.reason.text();
  if constexpr (!harness::kSanitized) {  // which ends the process in its own way
    EXPECT_EQ(down.reason.kind, Exit::Kind::killed) << text;
    EXPECT_EQ(down.reason.signal, SIGSEGV) << text;
    EXPECT_NE(text.find("Crash"), std::string::npos) << text;
    EXPECT_NE(text.find("\n  at "), std::string::npos) << text;
  }
  EXPECT_NE(text.find("pid " + std::to_string(pid)), std::string::npos) << text;
  EXPECT_NE(text.find("about to crash"), std::string::npos) << text;
}

TEST_F(ProcessActorTest, AKilledOneIsOneDownWithItsSignal) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn();
  inbox.context().monitor(worker);
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  auto waiting = worker.ask_async(Sleep{});
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  const Down down = await_down(inbox);
  EXPECT_EQ(down.reason.kind, Exit::Kind::killed);
  EXPECT_EQ(down.reason.signal, SIGKILL);
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_EQ(worker.ask(WhoAreYou{}).error(), Code::disconnected);
  EXPECT_EQ(worker.send(1).code(), Code::closed);
}

TEST_F(ProcessActorTest, StoppedItEndsInOrderAndItsStoppedRuns) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn();
  inbox.context().monitor(worker);
  ASSERT_TRUE(worker.ask(WhoAreYou{}));
  worker.stop();
  const Down down = await_down(inbox);
  EXPECT_TRUE(down.reason.ok()) << down.reason.text();
}

TEST_F(ProcessActorTest, OneThatDoesNotEndWithinItsGraceIsKilled) {
  Inbox<Protocol<>> inbox{runtime_};
  ProcessActorOptions options;
  options.grace = 50ms;
  const auto worker = runtime_.spawn_process_with<Worker>(options).value();
  inbox.context().monitor(worker);
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  worker.stop();
  const Down down = await_down(inbox);
  EXPECT_EQ(down.reason.kind, Exit::Kind::killed);
  EXPECT_EQ(down.reason.signal, SIGKILL);
}

TEST_F(ProcessActorTest, AStoppedProcessHoldsBackItsSendersUntilTheirDeadline) {
  ProcessActorOptions options;
  options.mailbox.capacity = 16;
  options.mailbox.when_full = WhenFull::refuse;
  options.grace = 0s;
  const auto worker = runtime_.spawn_process_with<Worker>(options).value();
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  int taken = 0;
  wait_until([&] {
    for (int i = 0; i < 100; ++i) {
      taken += worker.send(1) ? 1 : 0;
    }
    return !worker.send(1);
  });
  EXPECT_LE(taken, 3 * 16) << "a mailbox, a window, and what was handled before the stop";
  EXPECT_EQ(worker.send(1).code(), Code::overloaded);
  const auto late = worker.ask(WhoAreYou{}, 10ms);
  ASSERT_FALSE(late);
}

TEST_F(ProcessActorTest, AMessageThatItsAcceptsDoesNotListIsRefused) {
  const auto worker = spawn();
  const auto refused = worker.ask(NotListed{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_NE(std::string{refused.error().what()}.find("NotListed"), std::string::npos);
  EXPECT_TRUE(worker.ask(WhoAreYou{}));
}

TEST_F(ProcessActorTest, AHandlerThereHearsThatItsAskerDoesNotWaitAnyMore) {
  const harness::TemporaryDirectory directory;
  const auto worker = spawn();
  int times = 0;
  const auto linger = [&](const auto& give_up) {
    const std::string file = directory.file(std::to_string(times));
    auto answer = worker.ask_async(Linger{file}, forever);
    wait_until([&] { return std::filesystem::exists(file); });
    give_up(answer);
    EXPECT_EQ(worker.ask(Lingered{}, forever).value(), ++times);
  };
  linger([](Future<int>& answer) { answer.cancel(); });
  linger([](Future<int>& answer) { const Future<int> dropped = std::move(answer); });
  const auto late = worker.ask(Linger{}, 10ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), Code::timed_out);
  EXPECT_TRUE(worker.ask(Lingered{}, forever)) << "it lingers on";
}

TEST_F(ProcessActorTest, AnActorThatEndsGivesUpWhatItAsksThere) {
  const harness::TemporaryDirectory directory;
  const std::string file = directory.file("begun");
  const auto worker = spawn();
  const auto front = runtime_.spawn<Front>(worker);
  front.send(Linger{file});
  wait_until([&] { return std::filesystem::exists(file); });
  front.stop();
  EXPECT_EQ(worker.ask(Lingered{}, forever).value(), 1);
}

TEST_F(ProcessActorTest, LargeMessagesCrossBothWays) {
  const auto worker = spawn();
  const std::string large(std::size_t{8} << 20, 'x');
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(worker.ask(Echo{large}, forever).value().size(), large.size());
  }
}

TEST_F(ProcessActorTest, AReplyThatIsTooLargeIsTheAskersErrorAndTheNextOneComes) {
  const auto worker = spawn();
  const auto refused = worker.ask(Make{std::size_t{65} << 20}, forever);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::invalid_argument) << refused.error().what();
  EXPECT_EQ(worker.ask(Make{5000}, forever).value().size(), 5000U);
}

TEST_F(ProcessActorTest, ALongErrorArrivesWhole) {
  const auto worker = spawn();
  const std::string why(10'000, 'x');
  const auto refused = worker.ask(Refuse{why, 7});
  ASSERT_FALSE(refused);
  EXPECT_NE(std::string{refused.error().what()}.find(why), std::string::npos);
}

TEST_F(ProcessActorTest, AFullMailboxIsEmptiedOnceThereIsRoomAgain) {
  ProcessActorOptions options;
  options.mailbox.capacity = 1;
  const auto worker = runtime_.spawn_process_with<Worker>(options).value();
  const int count = scaled(5000);
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(worker.send(i, forever));
  }
  EXPECT_EQ(worker.ask(Read{}, forever).value().size(), static_cast<std::size_t>(count));
}

TEST_F(ProcessActorTest, ItEndsWithItsParentActor) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto parent = runtime_.spawn<Parent>();
  const auto worker = parent.ask(Begin{}).value();
  inbox.context().monitor(worker);
  ASSERT_TRUE(worker.ask(WhoAreYou{}));
  parent.stop();
  EXPECT_TRUE(await_down(inbox).reason.ok());
}

TEST_F(ProcessActorTest, EachTransportCarriesIt) {
  for (const char* over : {"shm:", "unix:"}) {
    ProcessActorOptions options;
    options.over = over;
    const auto worker = runtime_.spawn_process_with<Worker>(options).value();
    EXPECT_EQ(worker.ask(Twice{4}).value(), 8) << over;
  }
}

TEST_F(ProcessActorTest, AStopOfTheRuntimeEndsThemAllInOrder) {
  std::vector<pid_t> pids;
  for (int i = 0; i < 8; ++i) {
    pids.push_back(spawn().ask(WhoAreYou{}).value());
  }
  const StopReport report = runtime_.stop(10s);
  EXPECT_TRUE(report.clean()) << report.text();
  for (const pid_t pid : pids) {
    EXPECT_EQ(::kill(pid, 0), -1);
  }
}

TEST_F(ProcessActorTest, AStopThatHasLessTimeThanItsGraceKillsItThen) {
  ProcessActorOptions options;
  options.grace = 1h;
  const auto worker = runtime_.spawn_process_with<Worker>(options).value();
  const pid_t pid = worker.ask(WhoAreYou{}).value();
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  runtime_.actors()->end_by(Deadline::at_once());  // as Runtime::stop does
  runtime_.request_stop();
  wait_until([&] { return ::kill(pid, 0) != 0; });
  EXPECT_TRUE(runtime_.stop(1min).clean());
}

TEST_F(ProcessActorTest, ASignalReachesItsProcess) {
  const harness::TemporaryDirectory directory;
  const std::string file = directory.file("ready");
  const auto worker = spawn();
  auto answer = worker.ask_async(AwaitSignal{file}, forever);
  wait_until([&] { return std::filesystem::exists(file); });
  EXPECT_TRUE(runtime_.signal(worker, SIGUSR1));
  EXPECT_EQ(answer.get().value(), SIGUSR1);
}

TEST_F(ProcessActorTest, ASignalMayBeSentAtOnce) {
  Inbox<Protocol<>> inbox{runtime_};
  const auto worker = spawn();
  inbox.context().monitor(worker);
  EXPECT_TRUE(runtime_.signal(worker, SIGKILL));
  EXPECT_EQ(await_down(inbox).reason.signal, SIGKILL);
  const auto late = runtime_.signal(worker, SIGKILL);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), Code::closed);
}

TEST_F(ProcessActorTest, OnlyProcessesGetSignals) {
  const auto here = runtime_.spawn<Front>(Ref<Worker>{});
  const auto refused = runtime_.signal(here, SIGUSR1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_NE(std::string{refused.error().what()}.find("deliver_to"), std::string::npos);
  EXPECT_EQ(runtime_.signal(Ref<Worker>{}, SIGUSR1).error(), Code::closed);
  const auto worker = spawn();
  for (const int number : {-1, 0, 65}) {
    EXPECT_EQ(runtime_.signal(worker, number).error(), Code::invalid_argument) << number;
  }
  EXPECT_TRUE(worker.ask(WhoAreYou{}));
}

TEST_F(ProcessActorTest, ItCanHaveProcessActorsOfItsOwn) {
  const auto worker = spawn();
  const pid_t child = worker.ask(SpawnAnother{}).value();
  EXPECT_NE(child, worker.ask(WhoAreYou{}).value());
  EXPECT_EQ(::kill(child, 0), 0);
  worker.stop();
  wait_until([&] { return ::kill(child, 0) != 0; });
}

}  // namespace
}  // namespace troupe::actor_test
