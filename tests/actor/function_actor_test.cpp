// SPDX-License-Identifier: Apache-2.0
// Actors that are functions, and read their messages in the order they like.
#include "actor/subjects.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Number {
  int value = 0;
};
struct Word {
  std::string text;
};
struct Go {};
struct Square {
  int value = 0;
};
struct Later {
  int value = 0;
};

using Api = Protocol<void(Number), void(Word), void(Go), int(Square), int(Later)>;

class FunctionActorTest : public testing::Test {
 protected:
  void note(const std::string& line) { lines_.add(line); }

  Recorded<std::string> lines_;
  Recorded<Down> downs_;
  Runtime runtime_{with_workers(2)};
};

TEST_F(FunctionActorTest, ReceivesOfOneTypeLeaveTheOthersInTheirOrder) {
  const auto actor = runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([](Go) {}));
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(inbox.receive([this](const Word& word) { note(word.text); }));
    }
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(inbox.receive([this](Number number) { note(std::to_string(number.value)); },
                                [this](const Word& word) { note(word.text); }));
    }
  });
  actor.send(Number{1});
  actor.send(Word{"a"});
  actor.send(Number{2});
  actor.send(Word{"b"});
  actor.send(Word{"c"});
  actor.send(Number{3});
  actor.send(Go{});
  EXPECT_EQ(lines_.wait_for(6), (std::vector<std::string>{"a", "b", "1", "2", "c", "3"}));
}

TEST_F(FunctionActorTest, AfterIsACaseThatEndsTheWait) {
  const auto actor = runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([this](Go) { note("go"); }, after(1ms, [this] { note("after"); })));
    EXPECT_TRUE(
        inbox.receive([this](Number) { note("number"); }, after(1h, [this] { note("?"); })));
  });
  lines_.wait_for(1);
  actor.send(Number{1});
  EXPECT_EQ(lines_.wait_for(2), (std::vector<std::string>{"after", "number"}));
}

TEST_F(FunctionActorTest, WhatIsThereComesBeforeAnAfterOfNoTime) {
  const auto actor = runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([](Go) {}));
    EXPECT_TRUE(
        inbox.receive([this](Number) { note("number"); }, after(0s, [this] { note("none"); })));
    EXPECT_TRUE(
        inbox.receive([this](Number) { note("number"); }, after(0s, [this] { note("none"); })));
  });
  actor.send(Number{1});
  actor.send(Go{});
  EXPECT_EQ(lines_.wait_for(2), (std::vector<std::string>{"number", "none"}));
}

TEST_F(FunctionActorTest, DownIsAMessageLikeOthers) {
  const auto target = runtime_.spawn<Subject>();
  const auto actor = runtime_.spawn_function<Api>([this, target](Inbox<Api>& inbox) {
    inbox.context().monitor(target);
    EXPECT_TRUE(inbox.receive([](Go) {}));
    EXPECT_TRUE(inbox.receive([this](const Down& down) { note(down.reason.what); }));
  });
  target.send(Fail{"bad input"});
  wait_for_end(runtime_, target);
  actor.send(Go{});
  EXPECT_EQ(lines_.wait_for(1)[0], "bad input");
}

TEST_F(FunctionActorTest, WhatTheHandlerReturnsAnswersAnAsk) {
  const auto actor = runtime_.spawn_function<Api>([](Inbox<Api>& inbox) {
    while (inbox.receive([](Square square) { return square.value * square.value; }, [](Go) {})) {
    }
  });
  EXPECT_EQ(actor.ask(Square{7}, forever).value(), 49);
  EXPECT_TRUE(actor.ask(Go{}, forever));
}

TEST_F(FunctionActorTest, PromiseAnswersAnAskLater) {
  const auto actor = runtime_.spawn_function<Api>([](Inbox<Api>& inbox) {
    Promise<int> promise;
    EXPECT_TRUE(inbox.receive([&](Later) { return promise; }));
    EXPECT_TRUE(inbox.receive([&](Number number) { promise.set(number.value); }));
  });
  auto answer = actor.ask_async(Later{}, forever);
  EXPECT_FALSE(answer.ready());
  actor.send(Number{5});
  EXPECT_EQ(answer.get().value(), 5);
}

TEST_F(FunctionActorTest, AskThatIsLeftInTheMailboxIsAnsweredWhenItIsTaken) {
  const auto actor = runtime_.spawn_function<Api>([](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([](Go) {}));
    EXPECT_TRUE(inbox.receive([](Square square) { return square.value; }));
  });
  auto answer = actor.ask_async(Square{3}, forever);
  actor.send(Go{});
  EXPECT_EQ(answer.get().value(), 3);
}

TEST_F(FunctionActorTest, TellingItToStopClosesItsReceive) {
  Recorded<Code> codes;
  const auto observer = runtime_.spawn<Observer>(downs_);
  const auto actor = runtime_.spawn_function<Api>([&codes](Inbox<Api>& inbox) {
    for (int i = 0; i < 2; ++i) {
      const auto received = inbox.receive([](Go) {});
      codes.add(received ? Code::failed : received.error().code());
    }
  });
  have(observer, [actor](Context& context) { context.monitor(actor); });
  actor.stop();
  EXPECT_TRUE(downs_.wait_for(1)[0].reason.ok());
  EXPECT_EQ(codes.all(), (std::vector{Code::closed, Code::closed}));
  EXPECT_TRUE(runtime_.stop().clean());
}

// The stop comes with the beginning, before the function has read anything.
TEST_F(FunctionActorTest, StopThatComesAtOnceIsHeard) {
  constexpr int kActors = harness::kSanitized ? 300 : 3'000;
  const auto observer = runtime_.spawn<Observer>(downs_);
  for (int i = 0; i < kActors; ++i) {
    const auto actor = runtime_.spawn_function<Api>([](Inbox<Api>& inbox) {
      while (inbox.receive([](Go) {})) {
      }
    });
    actor.stop();
    have(observer, [actor](Context& context) { context.monitor(actor); });
  }
  downs_.wait_for(kActors);
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(FunctionActorTest, StopOfTheRuntimeCancelsItsReceive) {
  Recorded<Code> codes;
  runtime_.spawn_function<Api>([&](Inbox<Api>& inbox) {
    lines_.add("begun");
    for (int i = 0; i < 2; ++i) {
      const auto received = inbox.receive([](Go) {});
      codes.add(received ? Code::failed : received.error().code());
    }
  });
  lines_.wait_for(1);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(codes.all(), (std::vector{Code::cancelled, Code::cancelled}));
}

TEST_F(FunctionActorTest, BodyThatThrowsIsAFailedActorAndWhoAskedIsTold) {
  const auto observer = runtime_.spawn<Observer>(downs_);
  const auto actor = runtime_.spawn_function<Api>([](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([](Go) {}));
    throw std::runtime_error("no config");
  });
  have(observer, [actor](Context& context) { context.monitor(actor); });
  auto answer = actor.ask_async(Square{3}, forever);
  actor.send(Go{});
  const auto result = answer.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Code::disconnected) << result.error().what();
  EXPECT_EQ(downs_.wait_for(1)[0].reason.what, "no config");
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(FunctionActorTest, HandlerThatThrowsTellsWhoAskedAndGoesThrough) {
  const auto actor = runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    try {
      static_cast<void>(
          inbox.receive([](Square) -> int { throw std::runtime_error("too large"); }));
    } catch (const std::runtime_error& error) {
      note(error.what());
    }
    EXPECT_TRUE(inbox.receive([](Square square) { return square.value; }));
  });
  const auto failed = actor.ask(Square{3}, forever);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), Code::failed);
  EXPECT_EQ(actor.ask(Square{3}, forever).value(), 3);
  EXPECT_EQ(lines_.all(), std::vector<std::string>{"too large"});
}

TEST_F(FunctionActorTest, FunctionThatReturnsEndsNormallyAndWhoAskedIsTold) {
  const auto observer = runtime_.spawn<Observer>(downs_);
  const auto actor = runtime_.spawn_function<Api>(
      [](Inbox<Api>& inbox, int goes) {
        for (int i = 0; i < goes; ++i) {
          EXPECT_TRUE(inbox.receive([](Go) {}));
        }
      },
      2);
  have(observer, [actor](Context& context) { context.monitor(actor); });
  auto answer = actor.ask_async(Square{3}, forever);
  actor.send(Go{});
  actor.send(Go{});
  const auto result = answer.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Code::closed) << result.error().what();
  EXPECT_TRUE(downs_.wait_for(1)[0].reason.ok());
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(FunctionActorTest, RequestWhoseDeadlineHasPassedIsNotRun) {
  const auto actor = runtime_.spawn_function<Api>([this](Inbox<Api>& inbox) {
    EXPECT_TRUE(inbox.receive([](Go) {}));
    EXPECT_TRUE(inbox.receive([this](Square square) {
      note(std::to_string(square.value));
      return square.value;
    }));
  });
  EXPECT_EQ(actor.ask(Square{1}, 1ms).error(), Code::timed_out);
  auto answer = actor.ask_async(Square{2}, forever);
  actor.send(Go{});
  EXPECT_EQ(answer.get().value(), 2);
  EXPECT_EQ(lines_.all(), std::vector<std::string>{"2"});
}

// Messages and ends meet at every point of its way.
TEST_F(FunctionActorTest, FunctionsThatReturnWhileMessagesComeEndOnce) {
  constexpr int kRounds = harness::kSanitized ? 500 : 5'000;
  const auto observer = runtime_.spawn<Observer>(downs_);
  for (int i = 0; i < kRounds; ++i) {
    const auto actor = runtime_.spawn_function<Api>(
        [](Inbox<Api>& inbox) { static_cast<void>(inbox.receive([](Go) {}, after(0s, [] {}))); });
    actor.send(Number{1});
    actor.send(Number{2});
    have(observer, [actor](Context& context) { context.monitor(actor); });
    actor.send(Number{3});
  }
  downs_.wait_for(kRounds);
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(downs_.size(), static_cast<std::size_t>(kRounds));
}

TEST_F(FunctionActorTest, ManyWaitAtOnceAndEachGetsItsOwn) {
  constexpr int kActors = harness::kSanitized ? 200 : 2'000;
  std::vector<Ref<Api>> actors;
  for (int i = 0; i < kActors; ++i) {
    actors.push_back(runtime_.spawn_function<Api>([i](Inbox<Api>& inbox) {
      while (inbox.receive([i](Square) { return i; })) {
      }
    }));
  }
  for (int i = 0; i < kActors; ++i) {
    EXPECT_EQ(actors[static_cast<std::size_t>(i)].ask(Square{}, forever).value(), i);
  }
  EXPECT_TRUE(runtime_.stop().clean());
}

}  // namespace
}  // namespace troupe::actor_test
