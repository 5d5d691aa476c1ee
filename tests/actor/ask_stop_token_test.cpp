// SPDX-License-Identifier: Apache-2.0
// The token of an ask tells its handler that nobody waits for the answer any more.
#include "actor/subjects.hpp"
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class AskStopTokenTest : public testing::Test {
 protected:
  // Asks `actor`, whose handler takes the token, and then waits for its request.
  Future<void> ask_to_wait(const Ref<Bystander>& actor) {
    const auto entered = std::make_shared<std::latch>(1);
    auto answer = actor.ask_async(Do{[entered](Context& context) {
                                    const std::stop_token token = context.ask_stop_token();
                                    entered->count_down();
                                    wait_for_request(token);
                                  }},
                                  forever);
    entered->wait();
    return answer;
  }
  static void wait_for_request(const std::stop_token& token) {
    while (!token.stop_requested()) {
      std::this_thread::yield();
    }
  }

  Runtime runtime_{with_workers(2)};
};

TEST_F(AskStopTokenTest, IsRequestedWhenTheAskerIsGoneHoweverItGoes) {
  const auto actor = runtime_.spawn<Bystander>();
  ask_to_wait(actor).cancel();
  { const auto dropped = ask_to_wait(actor); }
  EXPECT_TRUE(actor.ask(Do{[](Context&) {}}, forever));
}

TEST_F(AskStopTokenTest, IsRequestedWhenTheDeadlineOfTheAskerHasPassed) {
  const auto actor = runtime_.spawn<Bystander>();
  std::atomic<bool> late = false;
  while (!late) {  // on a slow machine it may pass before the handler begins
    const auto asked = actor.ask(Do{[&late](Context& context) {
                                   wait_for_request(context.ask_stop_token());
                                   late = true;
                                 }},
                                 5ms);
    EXPECT_EQ(asked.error(), Code::timed_out);
    EXPECT_TRUE(actor.ask(Do{[](Context&) {}}, forever));
  }
}

TEST_F(AskStopTokenTest, IsRequestedWhenTheActorIsToEnd) {
  const auto actor = runtime_.spawn<Bystander>();
  auto answer = ask_to_wait(actor);
  actor.stop();
  EXPECT_TRUE(answer.get());
}

TEST_F(AskStopTokenTest, TakenWhenTheActorWasToldToStopItIsRequested) {
  std::optional<bool> requested;
  have(runtime_.spawn<Bystander>(), [&](Context& context) {
    context.stop();
    requested = context.ask_stop_token().stop_requested();
  });
  EXPECT_EQ(requested, true);
}

TEST_F(AskStopTokenTest, OfOneAskIsNotOfTheNext) {
  const auto actor = runtime_.spawn<Bystander>();
  std::stop_token first;
  std::stop_token second;
  have(actor, [&](Context& context) { first = context.ask_stop_token(); });
  ask_to_wait(actor).cancel();
  have(actor, [&](Context& context) { second = context.ask_stop_token(); });
  EXPECT_FALSE(first.stop_requested());
  EXPECT_FALSE(second.stop_requested());
}

TEST_F(AskStopTokenTest, LeavesTheTokenOfTheActorAlone) {
  const auto actor = runtime_.spawn<Bystander>();
  std::stop_token whole;
  have(actor, [&](Context& context) { whole = context.stop_token(); });
  ask_to_wait(actor).cancel();
  have(actor, [](Context&) {});
  EXPECT_FALSE(whole.stop_requested());
}

TEST_F(AskStopTokenTest, OfASendIsThatOfTheActor) {
  const auto actor = runtime_.spawn<Bystander>();
  const auto same = std::make_shared<std::atomic<int>>(-1);
  actor.send(Do{[same](Context& context) {
    *same = context.ask_stop_token() == context.stop_token() ? 1 : 0;
  }});
  have(actor, [](Context&) {});
  EXPECT_EQ(*same, 1);
}

TEST_F(AskStopTokenTest, OfAnInboxIsRequestedToo) {
  using Api = Protocol<int(Ping)>;
  const auto entered = std::make_shared<std::latch>(1);
  const auto left = std::make_shared<std::latch>(1);
  const auto actor = runtime_.spawn_function<Api>([entered, left](Inbox<Api>& inbox) {
    (void)inbox.receive([&](Ping) {
      entered->count_down();
      wait_for_request(inbox.context().ask_stop_token());
      left->count_down();
      return 1;
    });
  });
  auto answer = actor.ask_async(Ping{}, forever);
  entered->wait();
  answer.cancel();
  left->wait();
}

// A promise may outlive the actor, and so may who waits for it.
TEST_F(AskStopTokenTest, WhoGivesUpAPromiseAfterItsRuntimeDisturbsNobody) {
  struct Later {};
  struct Promises {
    Promise<int> handle(Later /*later*/) { return *promise; }
    std::shared_ptr<Promise<int>> promise;
  };
  const auto promise = std::make_shared<Promise<int>>();
  Future<int> answer;
  {
    Runtime other{with_workers(1)};
    const auto actor = other.spawn<Promises>(Promises{promise});
    answer = actor.ask_async(Later{}, forever);
    wait_until([&] { return stats_of(other, actor).handled == 1; });
  }
  answer.cancel();
  promise->set(1);
}

// Each token is taken while its asker gives up: none may miss that.
TEST_F(AskStopTokenTest, NoGivingUpFallsBetweenTakingTheTokenAndItsRequest) {
  constexpr int kRounds = 1'000;
  const auto actor = runtime_.spawn<Bystander>();
  for (int i = 0; i < kRounds; ++i) {
    const auto entered = std::make_shared<std::atomic<bool>>(false);
    auto answer = actor.ask_async(Do{[entered](Context& context) {
                                    entered->store(true);
                                    wait_for_request(context.ask_stop_token());
                                  }},
                                  forever);
    while (!entered->load()) {
      std::this_thread::yield();  // where there are more threads than processors, to the worker
    }
    answer.cancel();
  }
  EXPECT_TRUE(actor.ask(Do{[](Context&) {}}, forever));
}

}  // namespace
}  // namespace troupe::actor_test
