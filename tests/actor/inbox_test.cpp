// SPDX-License-Identifier: Apache-2.0
// An Inbox in a thread of the user's own, and in a loop that polls.
#include "actor/subjects.hpp"
#include "harness/raw_fd.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Number {
  int value = 0;
};
struct Other {};
struct Square {
  int value = 0;
};
using Api = Protocol<void(Number), void(Other), int(Square)>;

class InboxTest : public testing::Test {
 protected:
  Runtime runtime_{with_workers(2)};
  Inbox<Api> inbox_{runtime_};
};

TEST_F(InboxTest, ThreadReceivesWhatAnActorSends) {
  const auto actor = runtime_.spawn<Bystander>();
  actor.send(Do{[ref = inbox_.ref()](Context&) { ref.send(Number{7}); }});
  int got = 0;
  EXPECT_TRUE(inbox_.receive([&](Number number) { got = number.value; }));
  EXPECT_EQ(got, 7);
}

TEST_F(InboxTest, ThreadAnswersAnAsk) {
  std::jthread asker{[ref = inbox_.ref()] { EXPECT_EQ(ref.ask(Square{7}, forever).value(), 49); }};
  EXPECT_TRUE(inbox_.receive([](Square square) { return square.value * square.value; }));
}

TEST_F(InboxTest, AfterEndsTheWaitOfAThread) {
  bool ended = false;
  EXPECT_TRUE(inbox_.receive([](Number) {}, after(1ms, [&] { ended = true; })));
  EXPECT_TRUE(ended);
}

TEST_F(InboxTest, ThreadMonitorsAndReceivesTheDown) {
  const auto target = runtime_.spawn<Subject>();
  inbox_.context().monitor(target);
  target.send(Fail{"bad input"});
  std::string what;
  EXPECT_TRUE(inbox_.receive([&](const Down& down) { what = down.reason.what; }));
  EXPECT_EQ(what, "bad input");
}

TEST_F(InboxTest, StopOfTheRuntimeCancelsAThreadsReceive) {
  std::jthread stopper{[this] { runtime_.request_stop(); }};
  const auto received = inbox_.receive([](Number) {});
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Code::cancelled);
}

TEST_F(InboxTest, StopOfTheRuntimeDoesNotWaitForAnInbox) {
  { const Inbox<Api> short_lived{runtime_}; }
  EXPECT_EQ(runtime_.spawn<Subject>().ask(Ping{}, forever).value(), 1);
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(runtime_.stats().gauges.at("troupe_actors"), 0);
}

TEST_F(InboxTest, RefStopClosesAThreadsReceive) {
  inbox_.ref().stop();
  EXPECT_EQ(inbox_.receive([](Number) {}).error(), Code::closed);
}

TEST_F(InboxTest, DispatchHandlesAllThatMatchesAndLeavesTheRest) {
  const auto ref = inbox_.ref();
  ref.send(Number{1});
  ref.send(Other{});
  ref.send(Number{2});
  std::vector<int> got;
  const auto take = [&](Number number) { got.push_back(number.value); };
  EXPECT_EQ(inbox_.dispatch(take), 2U);
  EXPECT_EQ(got, (std::vector{1, 2}));
  EXPECT_EQ(inbox_.dispatch(take), 0U);
  EXPECT_EQ(inbox_.dispatch(take, [](Other) {}), 1U);
}

TEST_F(InboxTest, ReadyFdIsReadableFromTheFirstNewsToTheDispatch) {
  const int fd = inbox_.ready_fd();
  static_cast<void>(inbox_.dispatch([](Number) {}));
  EXPECT_FALSE(harness::is_readable(fd));
  inbox_.ref().send(Number{1});
  EXPECT_TRUE(harness::is_readable(fd));
  inbox_.ref().send(Number{2});
  EXPECT_EQ(inbox_.dispatch([](Number) {}), 2U);
  EXPECT_FALSE(harness::is_readable(fd));
}

TEST_F(InboxTest, ReadyFdSaysWhatAReceiveLeft) {
  const int fd = inbox_.ready_fd();
  inbox_.ref().send(Number{1});
  inbox_.ref().send(Number{2});
  EXPECT_TRUE(inbox_.receive([](Number) {}));
  EXPECT_TRUE(harness::is_readable(fd));
  EXPECT_TRUE(inbox_.receive([](Number) {}));
  static_cast<void>(inbox_.dispatch([](Number) {}));
  EXPECT_FALSE(harness::is_readable(fd));
  inbox_.ref().send(Number{3});
  EXPECT_TRUE(inbox_.receive([](Number) {}));
  inbox_.ref().send(Number{4});  // what comes after a receive rings too
  EXPECT_TRUE(harness::is_readable(fd));
}

TEST_F(InboxTest, ReadyFdSaysWhatAHandlerThatThrewLeft) {
  const int fd = inbox_.ready_fd();
  inbox_.ref().send(Number{1});
  inbox_.ref().send(Number{2});
  EXPECT_THROW(inbox_.dispatch([](Number) { throw std::runtime_error("too large"); }),
               std::runtime_error);
  EXPECT_TRUE(harness::is_readable(fd));
  EXPECT_EQ(inbox_.dispatch([](Number) {}), 1U);
  inbox_.ref().send(Number{3});
  EXPECT_TRUE(harness::is_readable(fd));
}

TEST_F(InboxTest, DownRingsToo) {
  const auto target = runtime_.spawn<Subject>();
  inbox_.context().monitor(target);
  const int fd = inbox_.ready_fd();
  static_cast<void>(inbox_.dispatch([](const Down&) {}));
  target.send(End{});
  std::size_t downs = 0;
  while (downs == 0) {
    harness::wait_readable(fd);
    downs = inbox_.dispatch([](const Down&) {});
  }
  EXPECT_EQ(downs, 1U);
}

TEST_F(InboxTest, NoRingIsLost) {
  constexpr int kMessages = harness::kSanitized ? 20'000 : 300'000;
  const int fd = inbox_.ready_fd();
  std::jthread sender{[ref = inbox_.ref()] {
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(ref.send(Number{i}, forever));
    }
  }};
  int next = 0;
  while (next < kMessages) {
    harness::wait_readable(fd);
    inbox_.dispatch([&](Number number) { EXPECT_EQ(number.value, next++); });
  }
}

TEST_F(InboxTest, NoRingIsLostBetweenReceives) {
  constexpr int kMessages = harness::kSanitized ? 10'000 : 100'000;
  const int fd = inbox_.ready_fd();
  std::jthread sender{[ref = inbox_.ref()] {
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(ref.send(Number{i}, forever));
    }
  }};
  int next = 0;
  while (next < kMessages) {
    harness::wait_readable(fd);
    EXPECT_TRUE(
        inbox_.receive([&](Number number) { EXPECT_EQ(number.value, next++); }, after(0s, [] {})));
  }
}

TEST_F(InboxTest, NothingIsLostOfWhatManySendToAThread) {
  constexpr int kSenders = 4;
  constexpr int kEach = harness::kSanitized ? 3'000 : 30'000;
  std::vector<std::jthread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([ref = inbox_.ref(), i] {
      for (int k = 0; k < kEach; ++k) {
        ASSERT_TRUE(ref.send(Number{i * kEach + k}, forever));
      }
    });
  }
  std::vector<int> next(kSenders);
  for (int received = 0; received < kSenders * kEach; ++received) {
    ASSERT_TRUE(inbox_.receive([&](Number number) {
      EXPECT_EQ(number.value % kEach, next[static_cast<std::size_t>(number.value / kEach)]++);
    }));
  }
}

TEST_F(InboxTest, EndOfAnInboxAnswersTheAsksThatWait) {
  std::optional<Inbox<Api>> inbox{std::in_place, runtime_};
  auto first = inbox->ref().ask_async(Square{1}, forever);
  auto second = inbox->ref().ask_async(Square{2}, forever);
  const auto ref = inbox->ref();
  inbox.reset();
  EXPECT_EQ(first.get().error(), Code::closed);
  EXPECT_EQ(second.get().error(), Code::closed);
  EXPECT_EQ(ref.send(Number{1}).code(), Code::closed);
  EXPECT_EQ(ref.ask(Square{3}, forever).error(), Code::closed);
}

TEST_F(InboxTest, EndOfAnInboxTellsSendersThatWaitForRoom) {
  std::optional<Inbox<Api>> inbox{std::in_place, runtime_,
                                  ActorOptions{.mailbox = {.capacity = 1}}};
  inbox->ref().send(Number{1});
  std::latch begun{2};
  Recorded<Code> codes;
  const auto actor = runtime_.spawn<Bystander>();
  const auto wait = [&, ref = inbox->ref()] {
    begun.count_down();
    const Sent sent = ref.send(Number{2}, forever);
    codes.add(sent ? Code::failed : sent.code());
  };
  std::jthread thread{wait};
  actor.send(Do{[wait](Context&) { wait(); }});
  begun.wait();
  inbox.reset();
  EXPECT_EQ(codes.wait_for(2), (std::vector{Code::closed, Code::closed}));
}

TEST_F(InboxTest, ReceiveMakesRoomForASenderThatWaits) {
  Inbox<Api> small{runtime_, ActorOptions{.mailbox = {.capacity = 2}}};
  std::jthread sender{[ref = small.ref()] {
    for (int i = 0; i < 1'000; ++i) {
      ASSERT_TRUE(ref.send(Number{i}, forever));
    }
  }};
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(small.receive([&](Number number) { EXPECT_EQ(number.value, i); }));
  }
}

TEST_F(InboxTest, PlacesOfInboxesServeActorsAfterwards) {
  for (int i = 0; i < 1'000; ++i) {
    std::optional<Inbox<Api>> inbox{std::in_place, runtime_};
    std::jthread sender{[ref = inbox->ref()] {
      while (ref.send(Number{1})) {
      }
    }};
    EXPECT_TRUE(inbox->receive([](Number) {}));
    inbox.reset();
    EXPECT_EQ(runtime_.spawn<Subject>().ask(Ping{}, forever).value(), 1);
  }
}

}  // namespace
}  // namespace troupe::actor_test
