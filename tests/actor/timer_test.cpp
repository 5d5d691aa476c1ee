// SPDX-License-Identifier: Apache-2.0
// Timers under a clock that the test moves, on a runtime that the test drives.
#include "actor/subjects.hpp"
#include "harness/manual_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Tick {
  int number = 0;
};
struct Once {
  std::unique_ptr<int> value;
};

// Writes down what it gets.
class Ticked final {
 public:
  explicit Ticked(Recorded<int>& ticks) : ticks_(ticks) {}
  void handle(Tick tick) { ticks_.add(tick.number); }
  void handle(Once once) { ticks_.add(*once.value); }
  // Its code in its own context: with its object.
  struct With {
    std::function<void(Ticked& self, Context& context)> what;
  };
  void handle(const With& act, Context& context) { act.what(*this, context); }

 private:
  Recorded<int>& ticks_;
};

class Listed final {
 public:
  using Accepts = Protocol<void(Tick), void(Do)>;
  explicit Listed(Recorded<int>& ticks) : ticks_(ticks) {}
  void handle(Tick tick) { ticks_.add(tick.number); }
  void handle(const Do& act, Context& context) { act.what(context); }

 private:
  Recorded<int>& ticks_;
};

class TimerTest : public testing::Test {
 protected:
  void have(std::function<void(Ticked& self, Context& context)> what) {
    actor_.send(Ticked::With{std::move(what)});
    run();
  }
  void run() {
    while (runtime_.poll_once() > 0) {
    }
  }
  void pass(Duration time) {
    clock_.advance(time);
    run();
  }

  harness::ManualClock clock_;
  Recorded<int> ticks_;
  Recorded<std::string> log_;
  Runtime runtime_{[this] {
    RuntimeOptions options;
    options.own_threads = false;
    options.ports = [this] {
      Ports ports;
      ports.clock = &clock_;
      return ports;
    };
    options.log = [this](std::string_view line) { log_.add(std::string{line}); };
    return options;
  }()};
  Ref<Ticked> actor_ = runtime_.spawn<Ticked>(ticks_);
};

TEST_F(TimerTest, AfterSendsOnceWhenTheTimeHasPassed) {
  have([](Ticked& self, Context& context) { context.after(self, 10s, Tick{1}); });
  pass(9s);
  EXPECT_EQ(ticks_.size(), 0U);
  pass(1s);
  EXPECT_EQ(ticks_.all(), std::vector{1});
  pass(100s);
  EXPECT_EQ(ticks_.size(), 1U);
}

TEST_F(TimerTest, TimersComeInTheOrderOfTheirTimes) {
  have([](Ticked& self, Context& context) {
    context.after(self, 3s, Tick{3});
    context.after(self, 1s, Tick{1});
    context.after(self, 2s, Tick{2});
    context.after(self, 2s, Tick{22});
  });
  pass(10s);
  EXPECT_EQ(ticks_.all(), (std::vector{1, 2, 22, 3}));
}

TEST_F(TimerTest, AfterTakesAMessageThatOnlyMoves) {
  have([](Ticked& self, Context& context) {
    context.after(self, 1s, Once{std::make_unique<int>(7)});
  });
  pass(1s);
  EXPECT_EQ(ticks_.all(), std::vector{7});
}

TEST_F(TimerTest, EverySendsAgainAndAgain) {
  have([](Ticked& self, Context& context) { context.every(self, 10s, Tick{1}); });
  for (int i = 0; i < 5; ++i) {
    pass(10s);
  }
  EXPECT_EQ(ticks_.size(), 5U);
}

// Due at 10, 20, 30, …: the turn at 10 comes at 17, and the next at 20 all the same.
TEST_F(TimerTest, LateTurnDoesNotShiftTheOthers) {
  have([](Ticked& self, Context& context) { context.every(self, 10s, Tick{1}); });
  pass(17s);
  EXPECT_EQ(ticks_.size(), 1U);
  pass(3s);
  EXPECT_EQ(ticks_.size(), 2U);
}

TEST_F(TimerTest, TurnsThatWereMissedAreLeftOutAndTheOthersStayWhereTheyWere) {
  have([](Ticked& self, Context& context) { context.every(self, 10s, Tick{1}); });
  pass(35s);  // at 10, 20 and 30 nobody looked
  EXPECT_EQ(ticks_.size(), 1U);
  pass(4s);
  EXPECT_EQ(ticks_.size(), 1U);
  pass(1s);  // 40
  EXPECT_EQ(ticks_.size(), 2U);
}

TEST_F(TimerTest, EveryLeavesOutATurnWhileTheLastOneWaits) {
  // It is in a handler meanwhile, and its mailbox fills with nothing but one turn.
  have([this](Ticked& self, Context& context) {
    context.every(self, 10s, Tick{1});
    static_cast<void>(context.sleep(35s));
    EXPECT_EQ(ticks_.size(), 0U);
  });
  for (int i = 0; i < 34; ++i) {
    pass(1s);
  }
  EXPECT_EQ(ticks_.size(), 0U);
  pass(1s);
  EXPECT_EQ(ticks_.size(), 1U);
  pass(5s);  // 40
  EXPECT_EQ(ticks_.size(), 2U);
}

TEST_F(TimerTest, CancelledTimerSendsNothing) {
  Timer once;
  Timer again;
  have([&](Ticked& self, Context& context) {
    once = context.after(self, 1s, Tick{1});
    again = context.every(self, 1s, Tick{2});
  });
  once.cancel();
  pass(1s);
  EXPECT_EQ(ticks_.all(), std::vector{2});
  again.cancel();
  again.cancel();
  pass(10s);
  EXPECT_EQ(ticks_.size(), 1U);
}

TEST_F(TimerTest, CancelTakesBackAMessageThatIsInTheMailbox) {
  Timer timer;
  have([&](Ticked& self, Context& context) {
    timer = context.after(self, 1s, Tick{1});
    static_cast<void>(context.sleep(5s));
    timer.cancel();
  });
  pass(2s);  // it is in the mailbox of an actor that sleeps
  pass(5s);
  EXPECT_EQ(ticks_.size(), 0U);
}

TEST_F(TimerTest, EndOfTheActorEndsItsTimers) {
  Timer timer;
  have([&](Ticked& self, Context& context) {
    timer = context.every(self, 1s, Tick{1});
    context.after(self, 1s, Tick{2});
    context.stop();
  });
  static_cast<void>(runtime_.spawn<Ticked>(ticks_));  // in the same place
  pass(10s);
  EXPECT_EQ(ticks_.size(), 0U);
  timer.cancel();  // harmless
}

TEST_F(TimerTest, FullMailboxDoesNotStopATimer) {
  const auto small = runtime_.spawn_with<Ticked>({.mailbox = {.capacity = 1}}, ticks_);
  small.send(Ticked::With{[](Ticked& self, Context& context) {
    context.after(self, 1s, Tick{2});
    static_cast<void>(context.sleep(5s));
  }});
  run();
  small.send(Tick{1});
  pass(1s);
  pass(5s);
  EXPECT_EQ(ticks_.all(), (std::vector{1, 2}));
}

// Its message is in the mailbox, and goes: the turns after it come.
TEST_F(TimerTest, EveryGoesOnWhenItsMessageWasDroppedForNewerOnes) {
  ActorOptions options;
  options.mailbox.capacity = 2;
  options.mailbox.when_full = WhenFull::drop_oldest;
  const auto actor = runtime_.spawn_with<Ticked>(options, ticks_);
  actor.send(Ticked::With{[&](Ticked& self, Context& context) {
    context.every(self, 10s, Tick{1});
    (void)context.sleep(15s);
  }});
  run();
  clock_.advance(10s);
  run();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(actor.send(Tick{2}));
  }
  clock_.advance(5s);
  run();
  ASSERT_EQ(ticks_.all(), (std::vector{2, 2}));
  clock_.advance(5s);
  run();
  EXPECT_EQ(ticks_.all(), (std::vector{2, 2, 1}));
}

TEST_F(TimerTest, ClassWithAcceptsNeedsNotNameItself) {
  const auto listed = runtime_.spawn<Listed>(ticks_);
  listed.send(Do{[](Context& context) {
    context.after(1s, Tick{1});
    context.every(2s, Tick{2});
  }});
  run();
  pass(1s);
  pass(1s);
  EXPECT_EQ(ticks_.all(), (std::vector{1, 2}));
}

TEST_F(TimerTest, ClassWithoutAcceptsIsToldToNameItself) {
  have([](Ticked& /*self*/, Context& context) {
    try {
      context.after(1s, Tick{1});
      ADD_FAILURE() << "it took the message";
    } catch (const Error& error) {
      EXPECT_EQ(error, Code::invalid_argument);
      EXPECT_NE(std::string{error.what()}.find("*this"), std::string::npos) << error.what();
      EXPECT_NE(std::string{error.what()}.find("Tick"), std::string::npos) << error.what();
    }
  });
}

TEST_F(TimerTest, FunctionActorGetsItsTimersEachTime) {
  using Api = Protocol<void(Tick)>;
  runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    const Timer timer = inbox.context().every(10s, Tick{1});
    Timer cancelled = inbox.context().after(10s, Tick{2});
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(inbox.receive([this](Tick tick) { ticks_.add(tick.number); }));
      cancelled.cancel();
    }
  });
  run();
  for (int i = 0; i < 5; ++i) {
    pass(10s);
  }
  EXPECT_EQ(ticks_.all(), (std::vector{1, 1, 1}));
}

TEST_F(TimerTest, CancelFromAnotherThreadHoldsForATimerThatRuns) {
  Recorded<int> ticks;
  Runtime threaded{with_workers(1)};
  const auto actor = threaded.spawn<Ticked>(ticks);
  for (int i = 0; i < 200; ++i) {
    Recorded<Timer> timers;
    actor.send(Ticked::With{
        [&](Ticked& self, Context& context) { timers.add(context.every(self, 50us, Tick{i})); }});
    Timer timer = timers.wait_for(1)[0];
    if (i % 2 == 0) {
      ticks.wait_for(ticks.size() + 1);
    }
    timer.cancel();
    // What is handled from now on was not sent by it: asked twice, so that one under way is
    // through.
    actor.ask(Ticked::With{[](Ticked&, Context&) {}}, forever).value();
    const std::size_t seen = ticks.size();
    actor.ask(Ticked::With{[](Ticked&, Context&) {}}, forever).value();
    EXPECT_EQ(ticks.size(), seen);
  }
}

TEST_F(TimerTest, SleepLastsAsLongAsItSays) {
  have([this](Ticked& /*self*/, Context& context) {
    EXPECT_TRUE(context.sleep(10s));
    ticks_.add(1);
  });
  pass(9s);
  EXPECT_EQ(ticks_.size(), 0U);
  pass(1s);
  EXPECT_EQ(ticks_.size(), 1U);
}

TEST_F(TimerTest, SleepIsCutShortByAStopOfTheRuntime) {
  have([this](Ticked& /*self*/, Context& context) {
    for (int i = 0; i < 3; ++i) {
      const auto slept = context.sleep(10s);
      ASSERT_FALSE(slept);
      EXPECT_EQ(slept.error(), Code::cancelled);
      ticks_.add(i);
    }
  });
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(ticks_.all(), (std::vector{0, 1, 2}));
}

// Nobody waits for longer than who asked it.
TEST_F(TimerTest, SleepEndsWithTheDeadlineOfWhoAsked) {
  auto answer = actor_.ask_async(Ticked::With{[this](Ticked& /*self*/, Context& context) {
                                   const auto slept = context.sleep(10s);
                                   ASSERT_FALSE(slept);
                                   EXPECT_EQ(slept.error(), Code::timed_out);
                                   ticks_.add(1);
                                 }},
                                 Deadline{5s});
  run();
  pass(4s);
  EXPECT_EQ(ticks_.size(), 0U);
  pass(1s);
  EXPECT_EQ(ticks_.size(), 1U);
}

}  // namespace
}  // namespace troupe::actor_test
