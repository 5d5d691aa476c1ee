// SPDX-License-Identifier: Apache-2.0
// On which thread an actor runs, and what it finds there.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Where {};
struct WhereAfter {
  Ref<Recorder> other;
};

// Says on which thread it runs.
class Local final {
 public:
  using Accepts = Protocol<std::thread::id(Where), std::thread::id(WhereAfter), void(Hold)>;
  std::thread::id handle(Where /*where*/) { return std::this_thread::get_id(); }
  std::thread::id handle(const WhereAfter& where, Context& context) {
    const auto before = std::this_thread::get_id();
    EXPECT_TRUE(where.other.ask(Read{}));
    EXPECT_EQ(std::this_thread::get_id(), before) << "it goes on where it waited";
    EXPECT_TRUE(context.sleep(1ms));
    EXPECT_EQ(std::this_thread::get_id(), before);
    return before;
  }
  void handle(const Hold& gates) { hold(gates); }
};

ActorOptions own_thread() {
  ActorOptions options;
  options.placement = Placement::thread;
  return options;
}

TEST(ThreadTest, AnActorMayHaveAThreadOfItsOwn) {
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn<Recorder>();
  const auto first = runtime.spawn_with<Local>(own_thread());
  const auto second = runtime.spawn_with<Local>(own_thread());
  const auto of_first = first.ask(Where{}).value();
  const auto of_second = second.ask(Where{}).value();
  EXPECT_NE(of_first, of_second);
  EXPECT_NE(of_first, std::this_thread::get_id());
  std::set<std::thread::id> of_workers;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(first.ask(Where{}).value(), of_first);
    ASSERT_EQ(second.ask(Where{}).value(), of_second);
    of_workers.insert(runtime.spawn<Local>().ask(Where{}).value());
  }
  EXPECT_EQ(first.ask(WhereAfter{recorder}).value(), of_first);
  EXPECT_LE(of_workers.size(), 2U);
  EXPECT_FALSE(of_workers.contains(of_first));
  EXPECT_FALSE(of_workers.contains(of_second));
}

TEST(ThreadTest, AnActorThatBlocksItsOwnThreadHoldsUpNobody) {
  Runtime runtime{workers(1)};
  const auto own = runtime.spawn_with<Local>(own_thread());
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(own.send(Hold{begun, end}));
  begun.pass();
  const auto other = runtime.spawn<Local>();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(other.ask(Where{}));
  }
  end.open();
  EXPECT_TRUE(own.ask(Where{}));
}

TEST(ThreadTest, AThreadIsGivenBackWithItsActor) {
  Runtime runtime{workers(2)};
  std::set<std::thread::id> of_own;
  for (int i = 0; i < 50; ++i) {
    const auto own = runtime.spawn_with<Local>(own_thread());
    const auto its = own.ask(Where{}).value();
    of_own.insert(its);
    own.stop();
    wait_until([&] { return !is_alive(runtime, own); });
    // In the same place, perhaps.
    const auto next = runtime.spawn<Local>();
    EXPECT_NE(next.ask(Where{}).value(), its) << "who asked for no thread gets none";
    next.stop();
  }
  EXPECT_LT(of_own.size(), 10U) << "they are used again";
}

TEST(ThreadTest, ASystemCallThatBlocksHoldsUpNobody) {
  class Calling final {
   public:
    explicit Calling(Runtime& runtime) : runtime_(runtime) {}
    int handle(const Hold& gates, Context& context) {
      const auto own = std::this_thread::get_id();
      const int answer = context.blocking([&] {
        EXPECT_NE(std::this_thread::get_id(), own);
        EXPECT_EQ(Runtime::current(), &runtime_);
        hold(gates);
        return 5;
      });
      EXPECT_EQ(std::this_thread::get_id(), own);
      EXPECT_THROW(context.blocking([] { throw std::runtime_error{"no such device"}; }),
                   std::runtime_error);
      return answer;
    }

   private:
    Runtime& runtime_;
  };
  Runtime runtime{workers(1)};
  const auto calling = runtime.spawn<Calling>(runtime);
  const Gate begun;
  const Gate end;
  auto answer = calling.ask_async(Hold{begun, end}, 10min);
  begun.pass();
  const auto other = runtime.spawn<Local>();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(other.ask(Where{}));
  }
  EXPECT_FALSE(answer.ready());
  end.open();
  EXPECT_EQ(answer.get().value(), 5);
}

TEST(ThreadTest, AHandlerFindsItsRuntime) {
  class Finding final {
   public:
    bool handle(Where /*where*/, Context& context) {
      return Runtime::current() == &context.runtime();
    }
  };
  Runtime first{workers(1)};
  Runtime second{workers(1)};
  EXPECT_TRUE(first.spawn<Finding>().ask(Where{}).value());
  EXPECT_TRUE(second.spawn<Finding>().ask(Where{}).value());
  EXPECT_TRUE(first.spawn_with<Finding>(own_thread()).ask(Where{}).value());
}

TEST(ThreadTest, AHandlerKeepsItsErrnoAndItsExceptionOverAWait) {
  struct Run {
    int number;
  };
  class Careful final {
   public:
    bool handle(Run run, Context& context) {
      bool kept = true;
      for (int i = 0; i < 20; ++i) {
        errno = run.number;
        try {
          throw std::runtime_error{std::to_string(run.number)};
        } catch (const std::exception& error) {
          kept = context.sleep(Duration{1}) && kept;
          kept = kept && errno == run.number && error.what() == std::to_string(run.number);
          try {
            throw;
          } catch (const std::exception& again) {
            kept = kept && again.what() == std::to_string(run.number);
          }
        }
      }
      return kept;
    }
  };
  Runtime runtime{workers(2)};
  std::vector<Future<bool>> answers;
  for (int i = 1; i <= 50; ++i) {
    answers.push_back(runtime.spawn<Careful>().ask_async(Run{i}, 60s));
  }
  for (auto& answer : answers) {
    EXPECT_TRUE(answer.get().value());
  }
}

}  // namespace
}  // namespace troupe::actor_test
