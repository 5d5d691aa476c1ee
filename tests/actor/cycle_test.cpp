// SPDX-License-Identifier: Apache-2.0
// Actors that would wait for each other are told, and others are not.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class Knot;

struct Number {};
struct Introduce {
  Ref<Knot> next;
};
struct AskNext {
  int rounds;
};
struct AskNextAsync {};
struct FillNext {};
struct Later {};
struct Answer {};

// Passes questions on to the next one, in each way; they have ten minutes.
class Knot final {
 public:
  long handle(Number /*number*/) { return 42; }
  void handle(const Introduce& introduce) { next_ = introduce.next; }
  Result<long> handle(AskNext ask) {
    return ask.rounds == 0 ? next_.ask(Number{}, 10min) : next_.ask(AskNext{ask.rounds - 1}, 10min);
  }
  Result<long> handle(AskNextAsync /*ask*/) { return next_.ask_async(Number{}, 10min).get(10min); }
  std::optional<Code> handle(FillNext /*fill*/) {
    for (;;) {
      if (const Sent sent = next_.send(Number{}, 10min); !sent) {
        return sent.code();
      }
    }
  }
  // Answered by whoever sends Answer.
  Promise<long> handle(Later /*later*/) { return later_; }
  void handle(Answer /*answer*/) { later_.set(7); }
  void handle(const Hold& gates) { hold(gates); }

 private:
  Ref<Knot> next_;
  Promise<long> later_;
};

std::vector<Ref<Knot>> ring(Runtime& runtime, std::size_t size) {
  std::vector<Ref<Knot>> knots;
  for (std::size_t i = 0; i < size; ++i) {
    ActorOptions options = mailbox(2, WhenFull::wait);
    options.name = std::string(1, static_cast<char>('a' + i));
    knots.push_back(runtime.spawn_with<Knot>(options));
  }
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_TRUE(knots[i].ask(Introduce{knots[(i + 1) % size]}));
  }
  return knots;
}

TEST(CycleTest, AskingOneselfIsRefused) {
  Runtime runtime{workers(1)};
  const auto knots = ring(runtime, 1);
  const auto refused = knots[0].ask(AskNext{0}, 10min);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_NE(std::string{refused.error().what()}.find("\"a\" waits for itself"), std::string::npos)
      << refused.error().what();
  EXPECT_EQ(knots[0].ask(Number{}).value(), 42) << "it lives on";
}

TEST(CycleTest, TwoThatAskEachOtherAreRefusedAndNamed) {
  Runtime runtime{workers(2)};
  const auto knots = ring(runtime, 2);
  const auto refused = knots[0].ask(AskNext{1}, 10min);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  const std::string what = refused.error().what();
  EXPECT_NE(what.find("Knot \"b\" waits for Knot \"a\", which waits for Knot \"b\""),
            std::string::npos)
      << what;
}

TEST(CycleTest, ThreeThatAskInACircleAreRefusedAndNamed) {
  Runtime runtime{workers(2)};
  const auto knots = ring(runtime, 3);
  const auto refused = knots[0].ask(AskNext{2}, 10min);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  const std::string what = refused.error().what();
  for (const char* const name : {"\"a\"", "\"b\"", "\"c\""}) {
    EXPECT_NE(what.find(name), std::string::npos) << what;
  }
  EXPECT_EQ(knots[0].ask(AskNext{1}, 10min).value(), 42) << "two steps are no circle";
}

TEST(CycleTest, ThoseThatCloseACircleAtOnceDoNotWaitForEver) {
  for (int round = 0; round < scaled(500); ++round) {
    Runtime runtime{workers(2)};
    const auto knots = ring(runtime, 2);
    auto first = knots[0].ask_async(AskNext{0}, 10min);
    auto second = knots[1].ask_async(AskNext{0}, 10min);
    const auto one = first.get();
    const auto other = second.get();
    EXPECT_TRUE(one || one.error() == Code::refused);
    EXPECT_TRUE(other || other.error() == Code::refused);
    EXPECT_TRUE(one || other) << "not both need to give way";
  }
}

TEST(CycleTest, WaitingForAFutureClosesACircleToo) {
  Runtime runtime{workers(2)};
  const auto self = ring(runtime, 1);
  const auto alone = self[0].ask(AskNextAsync{}, 10min);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error(), Code::refused);
  EXPECT_NE(std::string{alone.error().what()}.find("\"a\" waits for itself"), std::string::npos);
}

TEST(CycleTest, AWaitForRoomClosesACircleToo) {
  Runtime runtime{workers(2)};
  const auto knots = ring(runtime, 1);
  EXPECT_EQ(knots[0].ask(FillNext{}, 10min).value(), Code::refused);
}

TEST(CycleTest, AnAskThatHadToWaitForRoomClosesACircle) {
  Runtime runtime{workers(3)};
  const auto knots = ring(runtime, 2);
  const Gate begun;
  const Gate end;
  EXPECT_TRUE(knots[1].send(Hold{begun, end}));
  begun.pass();
  EXPECT_TRUE(knots[1].send(Number{}));
  EXPECT_TRUE(knots[1].send(Number{}));
  auto asked = knots[0].ask_async(AskNext{1}, 10min);  // a asks b, which asks a
  wait_until_it_waits(runtime, knots[0]);
  end.open();
  const auto refused = asked.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
}

// ---- what is no circle -------------------------------------------------------------------------

TEST(CycleTest, WhoAnswersLaterMayAskWhoWaits) {
  Runtime runtime{workers(2)};
  const auto knots = ring(runtime, 3);
  class Asker final {
   public:
    long handle(Number /*number*/) { return 1; }
    Result<long> handle(const Introduce& introduce) { return introduce.next.ask(Later{}, 10min); }
  };
  const auto asker = runtime.spawn<Asker>();
  auto answer = asker.ask_async(Introduce{knots[0]}, 10min);
  wait_until([&] { return stats_of(runtime, knots[0]).handled == 2; });  // it has promised
  wait_until([&] { return stats_of(runtime, asker).waits_for.empty(); });
  EXPECT_EQ(knots[0].ask(AskNext{0}, 10min).value(), 42);
  EXPECT_TRUE(knots[0].send(Answer{}));
  EXPECT_EQ(answer.get().value(), 7);
}

struct AskBack {
  Ref<Protocol<long(Number)>> other;
};
class Back final {
 public:
  long handle(Number /*number*/) { return 42; }
  void handle(const AskBack& back) { last_ = back.other.ask(Number{}, 10min); }
  Result<long> handle(Read /*read*/) { return last_; }
  void handle(const Hold& gates) { hold(gates); }

 private:
  Result<long> last_ = Error{Code::not_found, "not asked yet"};
};
struct GoBack {
  Ref<Back> back;
};
class Forth final {
 public:
  using Accepts = Protocol<long(Number), long(GoBack)>;
  long handle(Number /*number*/) { return 5; }
  Result<long> handle(const GoBack& go) { return go.back.ask(Number{}, 10min); }
};

TEST(CycleTest, AnAskThatWasAnsweredIsNoPartOfACircle) {
  Runtime runtime{workers(2)};
  const auto back = runtime.spawn<Back>();
  const auto forth = runtime.spawn<Forth>();
  for (int i = 0; i < 100; ++i) {
    const Gate begun;
    const Gate end;
    EXPECT_TRUE(back.send(Hold{begun, end}));
    begun.pass();
    auto answer = forth.ask_async(GoBack{back}, 10min);
    wait_until_it_waits(runtime, forth);
    EXPECT_TRUE(back.send(AskBack{forth}));  // right behind the ask that forth waits for
    end.open();
    EXPECT_EQ(answer.get().value(), 42);
    const auto last = back.ask(Read{}, 10min);
    ASSERT_TRUE(last) << last.error().what();
    EXPECT_EQ(*last, 5);
  }
}

}  // namespace
}  // namespace troupe::actor_test
