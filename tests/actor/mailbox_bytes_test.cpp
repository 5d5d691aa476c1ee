// SPDX-License-Identifier: Apache-2.0
// The bound on what messages own, besides their number.
#include "actor/support.hpp"
#include "troupe/base/buffer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Line {
  int number;
  std::string text;
};

class Taker final {
 public:
  void handle(const std::string& /*text*/) {}
  void handle(const std::vector<long>& /*numbers*/) {}
  void handle(const Buffer& /*buffer*/) {}
  void handle(const Line& line) { lines_.push_back(line.number); }
  void handle(const std::vector<Line>& /*lines*/) {}
  void handle(const Hold& gates) { hold(gates); }
  std::vector<int> handle(Read /*read*/) { return lines_; }
  void handle(int /*number*/) {}

 private:
  std::vector<int> lines_;
};

class Held final {
 public:
  Held(Runtime& runtime, std::size_t bytes, WhenFull when_full, std::size_t capacity = 100)
      : actor(runtime.spawn_with<Taker>(options(bytes, when_full, capacity))) {
    hold_again();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { end_.open(); }

  std::vector<int> read() {
    end_.open();
    return actor.ask(Read{}).value();
  }
  void release() { end_.open(); }

  const Ref<Taker> actor;

 private:
  static ActorOptions options(std::size_t bytes, WhenFull when_full, std::size_t capacity) {
    ActorOptions all = mailbox(capacity, when_full);
    all.mailbox.capacity_bytes = bytes;
    all.mailbox.wait = 10min;
    return all;
  }
  void hold_again() {
    EXPECT_TRUE(actor.send(Hold{begun_, end_}));
    begun_.pass();
  }

  Gate begun_;
  Gate end_;
};

// How many messages made by `make` get in.
template <class Make>
int fitting(std::size_t bytes, const Make& make) {
  Runtime runtime{workers(1)};
  const Held held{runtime, bytes, WhenFull::refuse};
  int count = 0;
  while (count < 100 && held.actor.send(make())) {
    ++count;
  }
  return count;
}

TEST(MailboxBytesTest, StringsVectorsAndBuffersCountWithWhatTheyOwn) {
  EXPECT_EQ(fitting(10'000, [] { return std::string(2'400, 'x'); }), 4);
  EXPECT_EQ(fitting(10'000, [] { return std::vector<long>(300); }), 4);
  EXPECT_EQ(fitting(10'000,
                    [] {
                      const std::vector<std::byte> bytes(2'400);
                      return Buffer::copy_of(bytes);
                    }),
            4);
  EXPECT_EQ(fitting(10'000, [] { return Line{1, std::string(2'400, 'x')}; }), 4);
  EXPECT_EQ(fitting(10'000, [] { return std::vector{Line{1, std::string(2'300, 'x')}}; }), 4);
  EXPECT_EQ(fitting(10'000, [] { return 1; }), 100) << "what owns nothing counts by number only";
  EXPECT_EQ(fitting(10'000, [] { return std::string{"short"}; }), 100);
}

TEST(MailboxBytesTest, AMessageLargerThanAllGoesAlone) {
  Runtime runtime{workers(1)};
  {
    const Held held{runtime, 1000, WhenFull::refuse};
    EXPECT_TRUE(held.actor.send(std::string(5000, 'x')));
    EXPECT_EQ(held.actor.send(std::string(100, 'x')).code(), Code::overloaded);
    EXPECT_TRUE(held.actor.send(1)) << "which owns nothing";
  }
  const Held held{runtime, 1000, WhenFull::refuse};
  EXPECT_TRUE(held.actor.send(std::string(100, 'x')));
  EXPECT_EQ(held.actor.send(std::string(5000, 'x')).code(), Code::overloaded);
}

TEST(MailboxBytesTest, WhatWasHandledMakesRoomAgain) {
  Runtime runtime{workers(1)};
  for (int round = 0; round < 3; ++round) {
    Held held{runtime, 10'000, WhenFull::refuse};
    for (int again = 0; again < 3; ++again) {
      int count = 0;
      Gate begun;
      Gate end;
      EXPECT_TRUE(held.actor.send(Hold{begun, end}));
      held.release();
      begun.pass();
      while (held.actor.send(Line{count, std::string(2'400, 'x')})) {
        ++count;
      }
      EXPECT_EQ(count, 4);
      end.open();
      wait_until([&] { return stats_of(runtime, held.actor).mailbox == 0; });
    }
  }
}

TEST(MailboxBytesTest, ASenderWaitsForRoomForItsBytes) {
  Runtime runtime{workers(1)};
  Held held{runtime, 10'000, WhenFull::wait};
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(held.actor.send(Line{i, std::string(2'400, 'x')}));
  }
  EXPECT_EQ(held.actor.send(Line{4, std::string(2'400, 'x')}, 1ms).code(), Code::overloaded);
  std::jthread thread{[&] { EXPECT_TRUE(held.actor.send(Line{4, std::string(9'000, 'x')})); }};
  held.release();
  thread.join();
  EXPECT_EQ(held.read(), numbers(0, 5));
}

TEST(MailboxBytesTest, DropOldestMakesRoomForBytes) {
  Runtime runtime{workers(1)};
  Held held{runtime, 10'000, WhenFull::drop_oldest};
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(held.actor.send(Line{i, std::string(2'400, 'x')}));
  }
  EXPECT_EQ(stats_of(runtime, held.actor).mailbox, 4);
  EXPECT_EQ(dropped(runtime, "oldest"), 46);
  held.release();
  wait_until([&] { return stats_of(runtime, held.actor).mailbox == 0; });
  EXPECT_EQ(held.read(), numbers(46, 50));
}

TEST(MailboxBytesTest, DropOldestGoesOnCountingBytes) {
  Runtime runtime{workers(1)};
  Held held{runtime, 10'000, WhenFull::drop_oldest};
  for (int round = 0; round < 5; ++round) {
    Gate begun;
    Gate end;
    EXPECT_TRUE(held.actor.send(Hold{begun, end}));
    held.release();
    begun.pass();
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(held.actor.send(Line{i, std::string(2'400, 'x')}));
    }
    EXPECT_EQ(stats_of(runtime, held.actor).mailbox, 4) << "in round " << round;
    end.open();
    wait_until([&] { return stats_of(runtime, held.actor).mailbox == 0; });
  }
}

TEST(MailboxBytesTest, MessagesOfTimersDoNotMakeRoomThatIsNotThere) {
  struct Tick {
    std::string text;
  };
  class Ticking final {
   public:
    void handle(int /*number*/, Context& context) {
      context.after(*this, Duration::zero(), Tick{std::string(50'000, 'x')});
    }
    void handle(const Tick& /*tick*/) { ++ticks_; }
    int handle(Read /*read*/) { return ticks_; }
    void handle(const Hold& gates) { hold(gates); }
    void handle(const std::string& /*text*/) {}

   private:
    int ticks_ = 0;
  };
  Runtime runtime{workers(1)};
  ActorOptions options = mailbox(100, WhenFull::refuse);
  options.mailbox.capacity_bytes = 10'000;
  const auto ticking = runtime.spawn_with<Ticking>(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ticking.send(i));
  }
  wait_until([&] { return ticking.ask(Read{}).value() == 3; });
  Gate begun;
  Gate end;
  EXPECT_TRUE(ticking.send(Hold{begun, end}));
  begun.pass();
  int count = 0;
  while (count < 100 && ticking.send(std::string(2'400, 'x'))) {
    ++count;
  }
  EXPECT_EQ(count, 4);
  end.open();
}

}  // namespace
}  // namespace troupe::actor_test
