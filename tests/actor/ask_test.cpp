// SPDX-License-Identifier: Apache-2.0
// Asks that are answered: from where, how many, and until when.
#include "actor/support.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Square {
  long number;
};

class Squarer final {
 public:
  long handle(Square square) { return square.number * square.number; }
  void handle(const Hold& gates) { hold(gates); }
};

TEST(AskTest, ManyThreadsAskAtOnce) {
  Runtime runtime{workers(2)};
  const auto squarer = runtime.spawn<Squarer>();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      for (long n = 0; n < scaled(5000); ++n) {
        ASSERT_EQ(squarer.ask(Square{n + i}, 60s).value(), (n + i) * (n + i));
      }
    });
  }
}

struct Sum {
  Ref<Squarer> squarer;
  long up_to;
};

class Summer final {
 public:
  Result<long> handle(const Sum& sum) {
    long total = 0;
    for (long n = 1; n <= sum.up_to; ++n) {
      auto square = sum.squarer.ask(Square{n});
      if (!square) {
        return square.error();
      }
      total += *square;
    }
    return total;
  }
};

TEST(AskTest, ActorsOnBothWorkersAskOne) {
  Runtime runtime{workers(2)};
  const auto squarer = runtime.spawn<Squarer>();
  const long n = scaled(2000);
  std::vector<Future<long>> sums;
  for (int i = 0; i < 50; ++i) {
    sums.push_back(runtime.spawn<Summer>().ask_async(Sum{squarer, n}, 10min));
  }
  for (auto& sum : sums) {
    EXPECT_EQ(sum.get().value(), n * (n + 1) * (2 * n + 1) / 6);
  }
}

TEST(AskTest, AHundredThousandActorsAreSuspendedInAnAskAtOnce) {
  struct Wait {
    Ref<Squarer> squarer;
  };
  class Waiting final {
   public:
    Result<long> handle(const Wait& wait) { return wait.squarer.ask(Square{7}, 10min); }
  };
  const int count = scaled(100'000);
  Runtime runtime{workers(2)};
  ActorOptions wide;
  wide.mailbox.capacity = 200'000;
  const auto squarer = runtime.spawn_with<Squarer>(wide);
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(squarer.send(Hold{begun, end}));
  begun.pass();
  std::vector<Future<long>> answers;
  for (int i = 0; i < count; ++i) {
    answers.push_back(runtime.spawn<Waiting>().ask_async(Wait{squarer}, 10min));
  }
  wait_until([&] { return stats_of(runtime, squarer).mailbox == static_cast<std::size_t>(count); });
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer.ready());
  }
  end.open();
  for (auto& answer : answers) {
    ASSERT_EQ(answer.get().value(), 49);
  }
}

// ---- deadlines ---------------------------------------------------------------------------------

TEST(AskTest, AnAskEndsByItsDeadlineAndIsNotRunWhenItStillWaited) {
  Runtime runtime{workers(1)};
  const auto recorder = runtime.spawn<Recorder>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(recorder.send(Hold{begun, end}));
  begun.pass();
  const auto late = recorder.ask(1, 1ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), Code::timed_out);
  EXPECT_NE(std::string{late.error().what()}.find("Recorder"), std::string::npos);
  EXPECT_EQ(recorder.ask(2, Deadline::at_once()).error(), Code::timed_out);
  EXPECT_EQ(dropped(runtime, "expired"), 0);
  end.open();
  EXPECT_EQ(recorder.ask(Read{}).value(), std::vector<int>{}) << "neither was run";
  EXPECT_EQ(dropped(runtime, "expired"), 2);
}

TEST(AskTest, AnAnswerThatComesTooLateIsFreed) {
  Runtime runtime{workers(1)};
  class Slow final {
   public:
    std::string handle(const Hold& gates) {
      hold(gates);
      std::string long_one(1000, 'x');
      return long_one;
    }
    std::string handle(Read /*read*/) { return "next"; }
  };
  const auto slow = runtime.spawn<Slow>();
  const Gate begun;
  const Gate end;
  auto answer = slow.ask_async(Hold{begun, end}, 10min);
  begun.pass();
  EXPECT_EQ(answer.wait(1ms).error(), Code::timed_out);
  answer.cancel();
  end.open();
  EXPECT_EQ(slow.ask(Read{}).value(), "next");
}

TEST(AskTest, TheDefaultDeadlineIsTheRuntimes) {
  RuntimeOptions options = workers(2);
  options.ask_timeout = 1ms;
  Runtime runtime{options};
  const auto squarer = runtime.spawn<Squarer>();
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(squarer.send(Hold{begun, end}));
  begun.pass();
  EXPECT_EQ(squarer.ask(Square{1}).error(), Code::timed_out);
  EXPECT_EQ(runtime.spawn<Summer>().ask(Sum{squarer, 1}, 10min).error(), Code::timed_out);
  end.open();
  EXPECT_EQ(squarer.ask(Square{3}, 10min).value(), 9);
}

// Answers after a while.
class Drowsy final {
 public:
  Result<long> handle(Square square, Context& context) {
    if (auto slept = context.sleep(1ms); !slept) {
      return slept.error();
    }
    return square.number * square.number;
  }
};

TEST(AskTest, TheDefaultDeadlineIsCountedFromTheAsk) {
  struct Ask {
    Ref<Drowsy> other;
  };
  class Computing final {
   public:
    Result<long> handle(const Ask& ask) {
      const auto begin = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - begin < 400ms) {
      }
      return ask.other.ask(Square{5});
    }
  };
  RuntimeOptions options = workers(1);
  options.ask_timeout = 300ms;
  Runtime runtime{options};
  const auto drowsy = runtime.spawn<Drowsy>();
  EXPECT_EQ(runtime.spawn<Computing>().ask(Ask{drowsy}, 10min).value(), 25)
      << "what the handler computed before does not count";
}

// Waits in each way that a handler can; says how the waits ended.
struct WaitInEachWay {
  Ref<Squarer> held;
  Ref<Recorder> full;
};

class Waiter final {
 public:
  Promise<bool> handle(const WaitInEachWay& message, Context& context) {
    begun = true;
    Promise<bool> promise = context.promise<bool>();
    // Each has ten minutes of its own.
    asked = message.held.ask(Square{1}, 10min).error().code();
    future = message.held.ask_async(Square{1}, 10min).get(10min).error().code();
    const Sent sent_late = message.full.send(1, 10min);
    sent = sent_late ? Code::exists : sent_late.code();
    slept = context.sleep(10min).error().code();
    auto pipe = one_way_pipe<int>(context.runtime()).value();
    parked = pipe.receiver.poll(10min).error().code();
    done = true;
    return promise;
  }

  static inline std::atomic<Code> asked{};
  static inline std::atomic<Code> future{};
  static inline std::atomic<Code> sent{};
  static inline std::atomic<Code> slept{};
  static inline std::atomic<Code> parked{};
  static inline std::atomic<bool> begun{false};
  static inline std::atomic<bool> done{false};
};

TEST(AskTest, NoWaitInAHandlerOutlivesTheAskThatCausedIt) {
  Runtime runtime{workers(3)};
  const auto squarer = runtime.spawn<Squarer>();
  const auto full = runtime.spawn_with<Recorder>(mailbox(1, WhenFull::wait));
  const std::array<Gate, 2> begun;
  const Gate end;
  EXPECT_TRUE(squarer.send(Hold{begun[0], end}));
  EXPECT_TRUE(full.send(Hold{begun[1], end}));
  begun[0].pass();
  begun[1].pass();
  EXPECT_TRUE(full.send(0));
  const auto waiter = runtime.spawn<Waiter>();
  Waiter::begun = false;
  Waiter::done = false;
  do {  // one that comes too late is not run
    EXPECT_FALSE(waiter.ask(WaitInEachWay{squarer, full}, 20ms).has_value());
  } while (!Waiter::begun);
  wait_until([] { return Waiter::done.load(); });
  EXPECT_EQ(Waiter::asked, Code::timed_out);
  EXPECT_EQ(Waiter::future, Code::timed_out);
  EXPECT_EQ(Waiter::sent, Code::overloaded);
  EXPECT_EQ(Waiter::slept, Code::timed_out);
  EXPECT_EQ(Waiter::parked, Code::timed_out);
  end.open();
}

TEST(AskTest, ADeadlineTravelsDownAChainOfAsks) {
  struct Ask {
    Ref<Squarer> last;
    int length;
  };
  class Link final {
   public:
    Result<long> handle(const Ask& ask, Context& context) {
      EXPECT_FALSE(context.deadline().is_never());
      if (ask.length == 0) {
        return ask.last.ask(Square{6}, 10min);
      }
      return context.spawn<Link>().ask(Ask{ask.last, ask.length - 1}, 10min);
    }
  };
  Runtime runtime{workers(2)};
  const auto squarer = runtime.spawn<Squarer>();
  EXPECT_EQ(runtime.spawn<Link>().ask(Ask{squarer, 20}, 60s).value(), 36);
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(squarer.send(Hold{begun, end}));
  begun.pass();
  const auto link = runtime.spawn<Link>();
  EXPECT_EQ(link.ask(Ask{squarer, 20}, 20ms).error(), Code::timed_out);
  wait_until([&] { return stats_of(runtime, link).state == "idle"; });  // long before ten minutes
  end.open();
}

}  // namespace
}  // namespace troupe::actor_test
