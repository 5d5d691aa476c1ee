// SPDX-License-Identifier: Apache-2.0
// Asks that nobody answers: of the ended, of nobody, while all ends.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

TEST(AskEndTest, AnAskOfAnEmptyHandleIsClosed) {
  Runtime runtime{workers(1)};
  const Ref<Recorder> nobody;
  EXPECT_EQ(nobody.ask(Read{}).error(), Code::closed);
  EXPECT_EQ(nobody.ask_async(Read{}).get().error(), Code::closed);
  EXPECT_EQ(nobody.send(1).code(), Code::closed);
  nobody.stop();
}

TEST(AskEndTest, AnAskOfAnActorThatHasEndedSaysHow) {
  Runtime runtime{workers(1)};
  const auto recorder = runtime.spawn<Recorder>();
  recorder.stop();
  wait_until([&] { return !is_alive(runtime, recorder); });
  EXPECT_EQ(recorder.ask(Read{}).error(), Code::closed);
  EXPECT_EQ(recorder.ask_async(Read{}).get().error(), Code::closed);
  EXPECT_EQ(recorder.send(1).code(), Code::closed);
}

TEST(AskEndTest, WhatWaitsInTheMailboxOfAnActorThatStopsIsClosed) {
  Runtime runtime{workers(1)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  auto first = recorder.ask_async(Read{});
  auto second = recorder.ask_async(1);
  recorder.stop();
  end.open();
  EXPECT_EQ(first.get().error(), Code::closed);
  EXPECT_EQ(second.get().error(), Code::closed);
}

TEST(AskEndTest, AConstructorThatThrowsMakesAnActorThatFailed) {
  class Unborn final {
   public:
    Unborn() { throw std::runtime_error{"no such file"}; }
    int handle(int number) { return number; }
  };
  Runtime runtime{workers(1)};
  const auto unborn = runtime.spawn<Unborn>();
  const auto answer = unborn.ask(1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_NE(std::string{answer.error().what()}.find("no such file"), std::string::npos);
}

TEST(AskEndTest, AStopEndsTheAsksOfThreadsAndActors) {
  struct Ask {
    Ref<Recorder> other;
  };
  class Asker final {
   public:
    explicit Asker(std::optional<Code>& code) : code_(code) {}
    void handle(const Ask& ask) { code_ = ask.other.ask(Read{}, 10min).error().code(); }

   private:
    std::optional<Code>& code_;
  };
  std::optional<Code> of_actor;
  std::optional<Code> of_thread;
  const Gate end;
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  const auto asker = runtime.spawn<Asker>(of_actor);
  EXPECT_TRUE(asker.send(Ask{recorder}));
  wait_until_it_waits(runtime, asker);
  std::jthread thread{[&] { of_thread = recorder.ask(Read{}, 10min).error().code(); }};
  wait_until([&] { return stats_of(runtime, recorder).mailbox == 2; });
  runtime.request_stop();
  thread.join();
  wait_until([&] { return stats_of(runtime, asker).state != "waiting"; });
  end.open();
  (void)runtime.stop();
  EXPECT_EQ(of_thread, Code::cancelled);
  EXPECT_EQ(of_actor, Code::cancelled);
}

TEST(AskEndTest, AFutureMayOutliveItsRuntime) {
  Future<std::vector<int>> answered;
  Future<std::vector<int>> unanswered;
  Promise<int> promise;
  {
    Runtime runtime{workers(1)};
    const auto recorder = runtime.spawn<Recorder>();
    answered = recorder.ask_async(Read{});
    EXPECT_TRUE(answered.wait());
    const Gate begun;
    const Gate end;
    EXPECT_TRUE(recorder.send(Hold{begun, end}));
    begun.pass();
    unanswered = recorder.ask_async(Read{});
    recorder.stop();
    end.open();
  }
  EXPECT_EQ(answered.get().value(), std::vector<int>{});
  EXPECT_TRUE(unanswered.ready());
  EXPECT_EQ(unanswered.get().error(), Code::closed);
}

}  // namespace
}  // namespace troupe::actor_test
