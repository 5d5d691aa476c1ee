// SPDX-License-Identifier: Apache-2.0
// An Inbox that drops the oldest, read selectively: what is left for later counts and is dropped
// like the rest.
#include "actor/subjects.hpp"
#include "harness/raw_fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

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
struct Text {
  std::string text;
};
using Api = Protocol<void(Number), void(Other), int(Square), void(Text)>;

class InboxDropTest : public testing::Test {
 protected:
  static constexpr std::size_t kCapacity = 4;

  std::uint64_t dropped() const {
    return runtime_.stats().counters.at("troupe_messages_dropped_total{cause=\"oldest\"}");
  }
  std::size_t depth() const {
    const Stats stats = runtime_.stats();
    return std::ranges::find(stats.actors, "Inbox", &ActorStats::type)->mailbox;
  }
  std::vector<int> read_all() {
    std::vector<int> seen;
    inbox_.dispatch([&](Number number) { seen.push_back(number.value); });
    return seen;
  }
  bool read_one_other() {
    bool found = false;
    EXPECT_TRUE(inbox_.receive([&](Other) { found = true; }, after(0s, [] {})));
    return found;
  }

  Runtime runtime_{with_workers(1)};
  Inbox<Api> inbox_{runtime_, ActorOptions{.mailbox = {.capacity = kCapacity,
                                                       .capacity_bytes = 1'000,
                                                       .when_full = WhenFull::drop_oldest}}};
};

TEST_F(InboxDropTest, WhatWasLeftForLaterStaysWithinTheCapacityAndIsCountedWhenItGoes) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(inbox_.ref().send(Number{i}));
    EXPECT_FALSE(read_one_other());
    EXPECT_LE(depth(), kCapacity);
  }
  EXPECT_EQ(dropped(), 96U);
  EXPECT_EQ(read_all(), (std::vector{96, 97, 98, 99}));
}

TEST_F(InboxDropTest, TheWantedOneIsFoundBehindThoseThatStay) {
  inbox_.ref().send(Number{1});
  inbox_.ref().send(Other{});
  inbox_.ref().send(Number{2});
  EXPECT_TRUE(read_one_other());
  EXPECT_FALSE(read_one_other());
  inbox_.ref().send(Number{3});
  EXPECT_EQ(read_all(), (std::vector{1, 2, 3}));
  EXPECT_EQ(dropped(), 0U);
}

TEST_F(InboxDropTest, ALeftAskThatIsDroppedIsToldSo) {
  auto answer = inbox_.ref().ask_async(Square{7}, forever);
  EXPECT_FALSE(read_one_other());
  for (int i = 0; i < 4; ++i) {
    inbox_.ref().send(Number{i});
  }
  EXPECT_EQ(answer.get().error(), Code::overloaded);
  EXPECT_EQ(read_all(), (std::vector{0, 1, 2, 3}));
}

TEST_F(InboxDropTest, BytesOfWhatWasLeftAreBoundedToo) {
  for (int i = 0; i < 4; ++i) {
    inbox_.ref().send(Text{std::string(600, 'x')});
    EXPECT_FALSE(read_one_other());
  }
  EXPECT_EQ(dropped(), 3U);
  int texts = 0;
  inbox_.dispatch([&](Text) { ++texts; });
  EXPECT_EQ(texts, 1);
  inbox_.ref().send(Text{std::string(600, 'x')});  // its bytes were given back
  EXPECT_EQ(dropped(), 3U);
}

TEST_F(InboxDropTest, ADownIsNotDroppedForNewerMessages) {
  const auto actor = runtime_.spawn<Subject>();
  inbox_.context().monitor(actor);
  actor.send(Fail{"no paper"});
  while (depth() == 0) {  // until it is in the mailbox
    EXPECT_FALSE(read_one_other());
  }
  for (int i = 0; i < 100; ++i) {
    inbox_.ref().send(Number{i});
  }
  std::string reason;
  EXPECT_TRUE(inbox_.receive([&](const Down& down) { reason = down.reason.what; }));
  EXPECT_EQ(reason, "no paper");
  EXPECT_EQ(read_all(), (std::vector{97, 98, 99}));
  EXPECT_EQ(dropped(), 97U);
}

TEST_F(InboxDropTest, ReadyFdSaysWhatAReceiveLeft) {
  inbox_.ref().send(Other{});
  inbox_.ref().send(Number{1});
  EXPECT_TRUE(harness::is_readable(inbox_.ready_fd()));
  EXPECT_TRUE(read_one_other());
  EXPECT_TRUE(harness::is_readable(inbox_.ready_fd()));
  EXPECT_EQ(read_all(), std::vector{1});
  EXPECT_FALSE(harness::is_readable(inbox_.ready_fd()));
}

TEST_F(InboxDropTest, AReaderThatWaitsIsWokenByEachSenderThatDrops) {
  constexpr int kMessages = 10'000;
  std::jthread sender{[ref = inbox_.ref()] {
    for (int i = 0; i < kMessages; ++i) {
      ref.send(Number{i});
    }
    ref.send(Other{});
  }};
  EXPECT_TRUE(inbox_.receive([](Other) {}));
  EXPECT_EQ(read_all(), (std::vector{kMessages - 3, kMessages - 2, kMessages - 1}));
  EXPECT_EQ(dropped(), static_cast<std::uint64_t>(kMessages - 3));
}

}  // namespace
}  // namespace troupe::actor_test
