// SPDX-License-Identifier: Apache-2.0
// Handles that follow restarts, under load from several threads.
#include "harness/sanitized.hpp"
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace troupe::actor_tests {
namespace {

using namespace std::chrono_literals;

struct Add {
  int number;
};
struct Crash {};

class Fragile {
 public:
  using Accepts = Protocol<int(Add), void(Crash)>;
  int handle(Add add) {
    if (add.number % 50 == 49) {
      throw std::runtime_error("the fiftieth");
    }
    return add.number + 1;
  }
  void handle(Crash) { throw std::runtime_error("asked to"); }
};

constexpr int kAsks = harness::kSanitized ? 1'000 : 5'000;

TEST(NamedRestartTest, EveryAskUnderRestartsEndsAndIsAnsweredOrTold) {
  Runtime runtime{RuntimeOptions{.workers = 2}};
  Supervisor supervisor{runtime, {.restarts = 1 << 20, .backoff_first = 0ms, .backoff_most = 0ms}};
  const Named<Fragile> child = supervisor.add<Fragile>("fragile", {}).value();

  std::atomic<int> answered{0};
  std::atomic<int> told{0};
  const auto ask = [&](bool narrow) {
    const RuntimeCore::Scope scope{runtime};
    const Named<Protocol<int(Add)>> part = child;
    for (int i = 0; i < kAsks; ++i) {
      const Result<int> answer = narrow ? part.ask(Add{i}, 60s) : child.ask(Add{i}, 60s);
      if (answer) {
        EXPECT_EQ(*answer, i + 1);
        ++answered;
      } else {
        EXPECT_TRUE(answer.error() == Code::failed || answer.error() == Code::disconnected ||
                    answer.error() == Code::closed)
            << answer.error().what();
        ++told;
      }
    }
  };
  std::thread one{ask, false};
  std::thread two{ask, true};
  one.join();
  two.join();
  EXPECT_EQ(answered + told, 2 * kAsks);
  EXPECT_GE(told, 2 * (kAsks / 50));
  EXPECT_GT(answered, 0);
  EXPECT_TRUE(supervisor.stop().clean());
}

TEST(NamedRestartTest, FuturesUnderRestartsEndToo) {
  Runtime runtime{RuntimeOptions{.workers = 2}};
  Supervisor supervisor{runtime, {.restarts = 1 << 20, .backoff_first = 0ms, .backoff_most = 0ms}};
  const Named<Fragile> child =
      supervisor.add<Fragile>("fragile", {.mailbox = {.capacity = 64}}).value();
  std::atomic<int> ended{0};
  const auto ask = [&] {
    const RuntimeCore::Scope scope{runtime};
    for (int i = 0; i < kAsks; i += 10) {
      std::vector<Future<int>> futures;
      for (int j = i; j < i + 10; ++j) {
        futures.push_back(child.ask_async(Add{j}, 60s));
      }
      for (auto& future : futures) {
        const Result<int> answer = future.get(60s);
        EXPECT_TRUE(answer || answer.error() != Code::timed_out) << answer.error().what();
        ++ended;
      }
    }
  };
  std::thread one{ask};
  std::thread two{ask};
  one.join();
  two.join();
  EXPECT_EQ(ended, 2 * kAsks);
}

TEST(NamedRestartTest, AStopWhileAsksComeEndsThemAll) {
  for (int round = 0; round < 20; ++round) {
    Runtime runtime{RuntimeOptions{.workers = 2}};
    Supervisor supervisor{runtime,
                          {.restarts = 1 << 20, .backoff_first = 0ms, .backoff_most = 0ms}};
    const Named<Fragile> child = supervisor.add<Fragile>("fragile", {}).value();
    std::latch begun{2};
    const auto ask = [&] {
      const RuntimeCore::Scope scope{runtime};
      begun.count_down();
      for (int i = 0;; ++i) {
        (void)child.send(Crash{});
        const Result<int> answer = child.ask(Add{i}, 60s);
        if (!answer && answer.error() == Code::closed && !child.now() &&
            child.now().error() == Code::closed) {
          return;
        }
        ASSERT_TRUE(answer || answer.error() != Code::timed_out) << answer.error().what();
      }
    };
    std::thread one{ask};
    std::thread two{ask};
    begun.wait();
    EXPECT_TRUE(supervisor.stop(30s).clean());
    one.join();
    two.join();
    EXPECT_TRUE(supervisor.wait().value().ok());
  }
}

TEST(NamedRestartTest, ChildrenAreAddedFromSeveralThreads) {
  Runtime runtime{RuntimeOptions{.workers = 2}};
  Supervisor supervisor{runtime};
  const auto add = [&](const std::string& prefix) {
    const RuntimeCore::Scope scope{runtime};
    for (int i = 0; i < 50; ++i) {
      auto child = supervisor.add<Fragile>(prefix + std::to_string(i), {}).value();
      EXPECT_EQ(child.ask(Add{1}).value(), 2);
      EXPECT_FALSE(supervisor.add<Fragile>("both" + std::to_string(i), {}) &&
                   supervisor.add<Fragile>("both" + std::to_string(i), {}));
    }
  };
  std::thread one{add, "one"};
  std::thread two{add, "two"};
  one.join();
  two.join();
  EXPECT_EQ(supervisor.children().size(), 150U);
  EXPECT_TRUE(supervisor.stop().clean());
}

}  // namespace
}  // namespace troupe::actor_tests
