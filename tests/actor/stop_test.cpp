// SPDX-License-Identifier: Apache-2.0
// What a stop of the runtime does to its actors: it ends them, or says who does not end.
#include "actor/subjects.hpp"
#include "harness/child.hpp"
#include "harness/left_for_ever.hpp"
#include "harness/sanitized.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <memory>
#include <optional>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Spin {
  std::shared_ptr<std::atomic<bool>> on;
};
struct Count {};
struct Deferred {};

// Does what it is told, and counts.
class Worker final {
 public:
  struct Figures {
    std::atomic<int> handled{0};
    std::atomic<int> stopped{0};
  };

  explicit Worker(Figures& figures) : figures_(figures) {}
  void stopped(Context& /*context*/, const Exit& /*reason*/) { ++figures_.stopped; }

  int handle(Count /*count*/) { return ++figures_.handled; }
  void handle(const Do& act, Context& context) { act.what(context); }
  void handle(const Spin& spin) {
    while (spin.on->load()) {
      std::this_thread::yield();
    }
  }
  Promise<int> handle(Deferred /*ask*/) {
    promises_.emplace_back();
    return promises_.back();
  }

 private:
  Figures& figures_;
  std::vector<Promise<int>> promises_;
};

class StopTest : public testing::Test {
 protected:
  // An actor that waits in this way, and adds the code that its wait ends with.
  void wait_by(std::function<Code(Context& context)> wait) {
    const auto begun = std::make_shared<std::latch>(1);
    runtime_.spawn<Worker>(figures_).send(
        Do{[this, begun, wait = std::move(wait)](Context& context) {
          begun->count_down();
          codes_.add(wait(context));
        }});
    begun->wait();
  }

  Worker::Figures figures_;
  Recorded<Code> codes_;
  Runtime runtime_{with_workers(2)};
};

Code code_of(const auto& result) {
  return result ? Code::failed : result.error().code();
}

TEST_F(StopTest, WhatIsQueuedIsHandledFirst) {
  constexpr int kMessages = 1'000;
  const auto last = runtime_.spawn<Worker>(figures_);
  const auto first = runtime_.spawn<Worker>(figures_);
  for (int i = 0; i < kMessages; ++i) {
    first.send(Do{[last](Context&) { last.send(Count{}); }});
  }
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(figures_.handled, kMessages);
  EXPECT_EQ(figures_.stopped, 2);
}

TEST_F(StopTest, CancelsAnAskThatWaits) {
  const auto silent = runtime_.spawn<Worker>(figures_);
  wait_by([silent](Context&) { return code_of(silent.ask(Deferred{}, forever)); });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, CancelsASleep) {
  wait_by([](Context& context) { return code_of(context.sleep(24h)); });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, CancelsASendThatWaitsForRoom) {
  using Api = Protocol<void(Count)>;
  Inbox<Api> full{runtime_, ActorOptions{.mailbox = {.capacity = 1}}};
  full.ref().send(Count{});
  wait_by([ref = full.ref()](Context&) {
    const Sent sent = ref.send(Count{}, forever);
    return sent ? Code::failed : sent.code();
  });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  // The inbox was told to end, and its thread has not done so.
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, CancelsAReceiveFromAPipe) {
  auto [receiver, sender] = Pipe<void, int>::create(runtime_).value();
  wait_by([&its = receiver](Context&) { return code_of(its.receive()); });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, CancelsAFutureThatIsWaitedFor) {
  const auto silent = runtime_.spawn<Worker>(figures_);
  wait_by([silent](Context&) { return code_of(silent.ask_async(Deferred{}, forever).get()); });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, CancelsEveryLaterWaitToo) {
  wait_by([](Context& context) {
    for (int i = 0; i < 1'000; ++i) {
      if (const auto slept = context.sleep(24h); slept || slept.error() != Code::cancelled) {
        return Code::failed;
      }
    }
    return Code::cancelled;
  });
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes_.all(), std::vector{Code::cancelled});
}

TEST_F(StopTest, NamesAnActorThatDoesNotEndAndReturns) {
  const auto on = std::make_shared<std::atomic<bool>>(true);
  const auto actor = runtime_.spawn_with<Worker>({.name = "busy"}, figures_);
  actor.send(Spin{on});
  const StopReport report = runtime_.stop(100ms);
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders[0].who, "Worker \"busy\"");
  EXPECT_EQ(report.holders[0].doing, "handling Spin");
  EXPECT_GT(report.holders[0].for_how_long, Duration::zero());
  EXPECT_FALSE(report.holders[0].killed);
  on->store(false);
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(figures_.stopped, 1);
}

TEST_F(StopTest, TwiceIsHarmless) {
  runtime_.spawn<Worker>(figures_).send(Count{});
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(figures_.stopped, 1);
}

TEST_F(StopTest, ManyActorsAllStop) {
  constexpr int kActors = harness::kSanitized ? 2'000 : 10'000;
  for (int i = 0; i < kActors; ++i) {
    const auto actor = runtime_.spawn<Worker>(figures_);
    if (i % 10 == 0) {
      actor.send(Do{[](Context& context) { static_cast<void>(context.sleep(24h)); }});
    }
  }
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(figures_.stopped, kActors);
}

TEST_F(StopTest, WhatIsSpawnedAfterwardsEndsAtOnce) {
  EXPECT_TRUE(runtime_.stop(forever).clean());
  const auto actor = runtime_.spawn<Worker>(figures_);
  for (Sent sent; sent || sent.code() != Code::closed; sent = actor.send(Count{})) {
  }
  EXPECT_EQ(actor.send(Count{}).code(), Code::closed);
  EXPECT_EQ(actor.ask(Count{}, forever).error(), Code::closed);
  EXPECT_EQ(figures_.stopped, 1);
  EXPECT_TRUE(runtime_.stop(forever).clean());
}

TEST_F(StopTest, ActorsThatAreSpawnedMeanwhileEndToo) {
  constexpr int kThreads = 2;
  std::atomic<bool> on{true};
  std::atomic<int> spawned{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      while (on || spawned == 0) {
        runtime_.spawn<Worker>(figures_).send(Count{});
        ++spawned;
      }
    });
  }
  while (spawned < 100) {
    std::this_thread::yield();
  }
  static_cast<void>(runtime_.stop(100ms));
  on = false;
  threads.clear();
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(figures_.stopped, spawned);
}

TEST_F(StopTest, EndlessCallInAThreadOfItsOwnHoldsNoOther) {
  const auto on = std::make_shared<std::atomic<bool>>(true);
  const auto dedicated =
      runtime_.spawn_with<Worker>({.name = "own", .placement = Placement::thread}, figures_);
  dedicated.send(Spin{on});
  for (int i = 0; i < 100; ++i) {
    runtime_.spawn<Worker>(figures_);
  }
  EXPECT_EQ(runtime_.stop(200ms).holders.size(), 1U);
  EXPECT_EQ(figures_.stopped, 100);
  on->store(false);
  EXPECT_TRUE(runtime_.stop(forever).clean());
}

// The call ends when the runtime is gone.
TEST_F(StopTest, RuntimeEndsWhileABlockingCallGoesOn) {
  const auto begun = std::make_shared<std::latch>(1);
  const auto go_on = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  static Worker::Figures figures;
  std::optional<Runtime> runtime;
  RuntimeOptions options = with_workers(1);
  options.stop_grace = 50ms;
  runtime.emplace(options);
  const auto blocked = runtime->spawn_with<Worker>({.name = "blocked"}, figures);
  {
    const harness::LeftForEver its_message;
    blocked.send(Do{[=](Context& context) {
      const harness::LeftForEver its_work;
      context.blocking([=] {
        begun->count_down();
        go_on->wait();
        ended->count_down();
      });
    }});
  }
  begun->wait();
  const auto report = runtime->stop(50ms);
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders[0].who, "Worker \"blocked\"");
  runtime.reset();
  go_on->count_down();
  ended->wait();
}

// A process of its own: the loop never ends.
#if defined(TROUPE_THREAD_SANITIZER)
constexpr bool kForksAreRefused = true;
#else
constexpr bool kForksAreRefused = false;
#endif

TEST(StopProcessTest, ProgramEndsThoughAnActorIsInAnEndlessLoop) {
  if (kForksAreRefused) {
    GTEST_SKIP() << "the thread sanitizer ends a child that starts threads";
  }
  harness::Child child{[] {
    static Worker::Figures figures;
    {
      RuntimeOptions options = with_workers(2);
      options.stop_grace = 50ms;
      Runtime runtime{options};
      runtime.spawn_with<Worker>({.name = "endless"}, figures)
          .send(Spin{std::make_shared<std::atomic<bool>>(true)});
      const auto report = runtime.stop(100ms);
      EXPECT_EQ(report.holders.size(), 1U);
      EXPECT_NE(report.text().find("endless"), std::string::npos) << report.text();
      EXPECT_NE(report.text().find("Spin"), std::string::npos) << report.text();
    }
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  }};
  EXPECT_EQ(child.join(), 0);
}

TEST(StopProcessTest, DestructorAloneEndsThoughAnActorIsInAnEndlessLoop) {
  if (kForksAreRefused) {
    GTEST_SKIP() << "the thread sanitizer ends a child that starts threads";
  }
  harness::Child child{[] {
    static Worker::Figures figures;
    {
      RuntimeOptions options = with_workers(1);
      options.stop_grace = 50ms;
      Runtime runtime{options};
      runtime.spawn<Worker>(figures).send(Spin{std::make_shared<std::atomic<bool>>(true)});
    }
    std::exit(0);
  }};
  EXPECT_EQ(child.join(), 0);
}

}  // namespace
}  // namespace troupe::actor_test
