// SPDX-License-Identifier: Apache-2.0
// A stop token tells of a stop, whether it was asked for before or after that.
#include "actor/subjects.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <stop_token>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class StopTokenTest : public testing::Test {
 protected:
  // What a token says that a handler takes once `stop` has been done while it ran.
  template <class Stop>
  bool requested_after(const Stop& stop) {
    const auto entered = std::make_shared<std::latch>(1);
    const auto stopped = std::make_shared<std::latch>(1);
    const auto actor = runtime_.spawn<Bystander>();
    actor.send(Do{[this, entered, stopped](Context& context) {
      entered->count_down();
      stopped->wait();
      requested_.add(context.stop_token().stop_requested());
    }});
    entered->wait();
    stop(actor);
    stopped->count_down();
    return requested_.wait_for(1)[0];
  }

  Recorded<bool> requested_;
  Runtime runtime_{with_workers(2)};
};

TEST_F(StopTokenTest, TakenAfterTheActorWasToldToStopItIsRequested) {
  EXPECT_TRUE(requested_after([](const Ref<Bystander>& actor) { actor.stop(); }));
}

TEST_F(StopTokenTest, TakenFirstWhileNobodyStopsItIsNot) {
  EXPECT_FALSE(requested_after([](const Ref<Bystander>& /*actor*/) {}));
}

TEST_F(StopTokenTest, TakenAfterAnotherMessageAndAMonitorItIsNot) {
  EXPECT_FALSE(requested_after([this](const Ref<Bystander>& actor) {
    have(runtime_.spawn<Bystander>(), [actor](Context& context) { context.monitor(actor); });
    actor.send(Do{[](Context&) {}});
  }));
}

TEST_F(StopTokenTest, TakenWhileTheRuntimeStopsItIsRequested) {
  EXPECT_TRUE(
      requested_after([this](const Ref<Bystander>& /*actor*/) { runtime_.request_stop(); }));
}

TEST_F(StopTokenTest, TakenAfterTheActorHasStoppedItselfItIsRequested) {
  bool requested = false;
  have(runtime_.spawn<Bystander>(), [&](Context& context) {
    context.stop();
    requested = context.stop_token().stop_requested();
  });
  EXPECT_TRUE(requested);
}

TEST_F(StopTokenTest, TakenAfterTheEndOfTheParentItIsRequested) {
  const auto entered = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  const auto parent = runtime_.spawn<Bystander>();
  have(parent, [this, entered, ended](Context& context) {
    context.spawn<Bystander>().send(Do{[this, entered, ended](Context& its) {
      entered->count_down();
      ended->wait();
      requested_.add(its.stop_token().stop_requested());
    }});
  });
  entered->wait();
  parent.stop();
  wait_for_end(runtime_, parent);
  ended->count_down();
  EXPECT_TRUE(requested_.wait_for(1)[0]);
}

TEST_F(StopTokenTest, OfAFunctionActorThatWasToldToStopItIsRequested) {
  using Api = Protocol<void(Ping)>;
  const auto entered = std::make_shared<std::latch>(1);
  const auto stopped = std::make_shared<std::latch>(1);
  const auto actor = runtime_.spawn_function<Api>([&, entered, stopped](Inbox<Api>& inbox) {
    entered->count_down();
    stopped->wait();
    requested_.add(inbox.context().stop_token().stop_requested());
  });
  entered->wait();
  actor.stop();
  stopped->count_down();
  EXPECT_TRUE(requested_.wait_for(1)[0]);
}

// Each token is taken while its actor is told to stop: none may miss that.
TEST_F(StopTokenTest, NoRequestFallsBetweenTakingTheTokenAndItsStop) {
  constexpr int kRounds = 5'000;
  for (int i = 0; i < kRounds; ++i) {
    const auto entered = std::make_shared<std::atomic<bool>>(false);
    const auto actor = runtime_.spawn<Bystander>();
    auto done = actor.ask_async(Do{[entered](Context& context) {
                                  entered->store(true);
                                  const std::stop_token token = context.stop_token();
                                  while (!token.stop_requested()) {
                                    std::this_thread::yield();
                                  }
                                }},
                                forever);
    while (!entered->load()) {
      std::this_thread::yield();  // where there are more threads than processors, to the worker
    }
    actor.stop();
    EXPECT_TRUE(done.get());
  }
}

}  // namespace
}  // namespace troupe::actor_test
