// SPDX-License-Identifier: Apache-2.0
// What becomes of a message to a full mailbox, as its owner chose; and what no mailbox holds up.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

// A recorder that is held in a handler while its mailbox fills.
class Held final {
 public:
  Held(Runtime& runtime, const ActorOptions& options)
      : actor(runtime.spawn_with<Recorder>(options)) {
    EXPECT_TRUE(actor.send(Hold{begun_, end_}));
    begun_.pass();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { release(); }

  void fill(int from, int to) const {
    for (const int number : numbers(from, to)) {
      EXPECT_TRUE(actor.send(number));
    }
  }
  void release() { end_.open(); }
  std::vector<int> read() {
    release();
    for (;;) {
      if (auto numbers = actor.ask(Read{}); numbers || numbers.error() != Code::overloaded) {
        return std::move(numbers).value();
      }
    }
  }

  const Ref<Recorder> actor;

 private:
  Gate begun_;
  Gate end_;
};

ActorOptions patient(std::size_t capacity) {
  ActorOptions options = mailbox(capacity, WhenFull::wait);
  options.mailbox.wait = 10min;
  return options;
}

// ---- refuse, drop ------------------------------------------------------------------------------

TEST(MailboxTest, AFullMailboxRefusesAndKeepsWhatItHas) {
  Runtime runtime{workers(1)};
  Held held{runtime, mailbox(3, WhenFull::refuse)};
  held.fill(0, 3);
  EXPECT_EQ(held.actor.send(3).code(), Code::overloaded);
  EXPECT_EQ(held.actor.send(4).code(), Code::overloaded);
  EXPECT_EQ(dropped(runtime, "refused"), 2);
  EXPECT_EQ(stats_of(runtime, held.actor).dropped, 2);
  EXPECT_EQ(stats_of(runtime, held.actor).mailbox, 3);
  EXPECT_EQ(stats_of(runtime, held.actor).capacity, 3);
  EXPECT_EQ(held.read(), numbers(0, 3));
  EXPECT_TRUE(held.actor.send(5)) << "there is room again";
}

TEST(MailboxTest, AnAskOfAFullMailboxIsOverloaded) {
  Runtime runtime{workers(1)};
  Held held{runtime, mailbox(1, WhenFull::refuse)};
  held.fill(0, 1);
  EXPECT_EQ(held.actor.ask(Read{}).error(), Code::overloaded);
  EXPECT_EQ(held.actor.ask_async(Read{}).get().error(), Code::overloaded);
}

TEST(MailboxTest, DropNewestDropsWhatComesAndCountsIt) {
  Runtime runtime{workers(1)};
  Held held{runtime, mailbox(3, WhenFull::drop_newest)};
  held.fill(0, 3);
  EXPECT_EQ(held.actor.send(3).code(), Code::overloaded) << "never success for what was dropped";
  EXPECT_EQ(dropped(runtime, "newest"), 1);
  EXPECT_EQ(dropped(runtime, "refused"), 0);
  EXPECT_EQ(held.read(), numbers(0, 3));
}

TEST(MailboxTest, DropOldestKeepsTheNewestInTheirOrder) {
  for (const int capacity : {1, 2, 5, 64, 100}) {
    Runtime runtime{workers(1)};
    Held held{runtime, mailbox(static_cast<std::size_t>(capacity), WhenFull::drop_oldest)};
    held.fill(0, 1000);
    EXPECT_EQ(stats_of(runtime, held.actor).mailbox, static_cast<std::size_t>(capacity));
    EXPECT_EQ(dropped(runtime, "oldest"), static_cast<std::uint64_t>(1000 - capacity));
    held.release();
    wait_until([&] {
      return stats_of(runtime, held.actor).handled == static_cast<std::uint64_t>(capacity) + 1;
    });
    EXPECT_EQ(held.read(), numbers(1000 - capacity, 1000));
  }
}

TEST(MailboxTest, DropOldestKeepsItsBoundAfterSomeWereTaken) {
  Runtime runtime{workers(1)};
  Held held{runtime, mailbox(4, WhenFull::drop_oldest)};
  Gate begun;
  Gate end;
  held.fill(0, 1);
  EXPECT_TRUE(held.actor.send(Hold{begun, end}));
  held.fill(1, 3);
  held.release();
  begun.pass();  // 1 and 2 wait, and were looked at before
  held.fill(3, 13);
  EXPECT_EQ(stats_of(runtime, held.actor).mailbox, 4);
  EXPECT_EQ(dropped(runtime, "oldest"), 8);
  end.open();
  wait_until([&] { return stats_of(runtime, held.actor).mailbox == 0; });
  EXPECT_EQ(held.read(), (std::vector{0, 9, 10, 11, 12}));
}

TEST(MailboxTest, AnAskThatIsDroppedForANewerMessageIsTold) {
  Runtime runtime{workers(1)};
  Held held{runtime, mailbox(1, WhenFull::drop_oldest)};
  auto answer = held.actor.ask_async(Read{});
  EXPECT_TRUE(held.actor.send(1));
  const auto got = answer.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), Code::overloaded);
}

TEST(MailboxTest, DropOldestLosesNothingUncounted) {
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn_with<Recorder>(mailbox(8, WhenFull::drop_oldest));
  const int count = scaled(100'000);
  const auto send = [&](int first) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(recorder.send(first + i));
    }
  };
  {
    std::jthread first{send, 0};
    std::jthread second{send, count};
  }
  const auto all = static_cast<std::uint64_t>(2 * count);
  wait_until(
      [&] { return stats_of(runtime, recorder).handled + dropped(runtime, "oldest") == all; });
  const std::vector<int> got = recorder.ask(Read{}).value();
  EXPECT_EQ(got.size(), all - dropped(runtime, "oldest"));
  std::array last{-1, count - 1};
  for (const int number : got) {
    int& of_its_sender = last[number >= count ? 1 : 0];
    ASSERT_GT(number, of_its_sender) << "of one sender, in order and once";
    of_its_sender = number;
  }
}

// ---- wait --------------------------------------------------------------------------------------

struct Send {
  Ref<Recorder> to;
  int number;
  std::optional<Duration> patience{};
};
struct Anything {};

// Sends, and says what became of it.
class Sender final {
 public:
  void handle(const Send& send) {
    const Sent sent =
        send.patience ? send.to.send(send.number, *send.patience) : send.to.send(send.number);
    code_ = sent ? std::nullopt : std::optional{sent.code()};
  }
  std::optional<Code> handle(Read /*read*/) { return code_; }

 private:
  std::optional<Code> code_ = Code::not_found;
};

class Bystander final {
 public:
  bool handle(Anything /*anything*/) { return true; }
};

TEST(MailboxTest, AnActorThatWaitsForRoomLeavesItsWorkerToOthers) {
  Runtime runtime{workers(2)};
  Held held{runtime, patient(2)};  // holds one worker
  held.fill(0, 2);
  const auto sender = runtime.spawn<Sender>();
  EXPECT_TRUE(sender.send(Send{held.actor, 2}));
  wait_until_it_waits(runtime, sender);
  EXPECT_NE(stats_of(runtime, sender).waits_for.find("Recorder"), std::string::npos);
  const auto bystander = runtime.spawn<Bystander>();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(bystander.ask(Anything{}).value()) << "the other worker is the sender's";
  }
  held.release();
  EXPECT_EQ(sender.ask(Read{}).value(), std::nullopt);
  EXPECT_EQ(held.read(), numbers(0, 3));
}

TEST(MailboxTest, AThreadThatWaitsForRoomIsBlockedUntilThereIs) {
  Runtime runtime{workers(1)};
  Held held{runtime, patient(1)};
  held.fill(0, 1);
  std::atomic<bool> sent{false};
  std::jthread thread{[&] {
    EXPECT_TRUE(held.actor.send(1));
    sent = true;
    EXPECT_TRUE(held.actor.send(2));
  }};
  EXPECT_EQ(held.actor.send(5, 1ms).code(), Code::overloaded);
  EXPECT_FALSE(sent);
  held.release();
  thread.join();
  EXPECT_EQ(held.read(), numbers(0, 3));
}

TEST(MailboxTest, AWaitForRoomEndsByItsDeadline) {
  Runtime runtime{workers(2)};
  ActorOptions options = mailbox(1, WhenFull::wait);
  options.mailbox.wait = 1ms;
  Held held{runtime, options};
  held.fill(0, 1);
  EXPECT_EQ(held.actor.send(1).code(), Code::overloaded) << "as its owner chose";
  EXPECT_EQ(held.actor.send(1, 1ms).code(), Code::overloaded) << "as its sender chose";
  EXPECT_EQ(held.actor.send(1, Deadline::at_once()).code(), Code::overloaded);
  const auto sender = runtime.spawn<Sender>();
  EXPECT_TRUE(sender.send(Send{held.actor, 1}));
  EXPECT_EQ(sender.ask(Read{}).value(), Code::overloaded);
  EXPECT_TRUE(sender.send(Send{held.actor, 1, 2ms}));
  EXPECT_EQ(sender.ask(Read{}).value(), Code::overloaded);
  EXPECT_EQ(dropped(runtime, "refused"), 5);
  EXPECT_EQ(held.read(), numbers(0, 1));
}

TEST(MailboxTest, AWaitForRoomEndsWithTheActor) {
  Runtime runtime{workers(2)};
  Held held{runtime, patient(1)};
  held.fill(0, 1);
  const auto sender = runtime.spawn<Sender>();
  EXPECT_TRUE(sender.send(Send{held.actor, 1}));
  wait_until_it_waits(runtime, sender);
  std::optional<Code> of_thread;
  std::jthread thread{[&] {
    const Sent sent = held.actor.send(2);
    of_thread = sent ? std::nullopt : std::optional{sent.code()};
  }};
  held.actor.stop();
  held.release();
  EXPECT_EQ(sender.ask(Read{}).value(), Code::closed);
  thread.join();
  // One that comes late may find room, in a mailbox whose actor then ends.
  EXPECT_EQ(of_thread.value_or(Code::closed), Code::closed);
}

TEST(MailboxTest, AWaitForRoomEndsWhenTheRuntimeStops) {
  Runtime runtime{workers(2)};
  std::optional<Code> of_thread;
  std::optional<Code> of_actor;
  class Reporter final {
   public:
    explicit Reporter(std::optional<Code>& code) : code_(code) {}
    void handle(const Send& send) {
      const Sent sent = send.to.send(send.number);
      code_ = sent ? std::nullopt : std::optional{sent.code()};
    }

   private:
    std::optional<Code>& code_;
  };
  {
    Held held{runtime, patient(1)};
    held.fill(0, 1);
    const auto sender = runtime.spawn<Reporter>(of_actor);
    EXPECT_TRUE(sender.send(Send{held.actor, 1}));
    wait_until_it_waits(runtime, sender);
    Gate running;
    std::jthread thread{[&] {
      running.open();
      const Sent sent = held.actor.send(2);
      of_thread = sent ? std::nullopt : std::optional{sent.code()};
    }};
    running.pass();
    runtime.request_stop();
    thread.join();
    wait_until([&] { return stats_of(runtime, sender).state != "waiting"; });
  }
  (void)runtime.stop();
  EXPECT_EQ(of_thread, Code::cancelled);
  EXPECT_EQ(of_actor, Code::cancelled);
}

TEST(MailboxTest, ManySendersShareOnePlace) {
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn_with<Recorder>(patient(1));
  const int count = scaled(5000);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < count; ++n) {
          ASSERT_TRUE(recorder.send(i * count + n));
        }
      });
    }
  }
  std::vector<int> got = recorder.ask(Read{}).value();
  std::ranges::sort(got);
  EXPECT_EQ(got, numbers(0, 8 * count));
}

TEST(MailboxTest, AFullMailboxOfOnesOwnIsNotWaitedFor) {
  class Talker final {
   public:
    std::vector<Code> handle(Anything /*anything*/, Context& context) {
      std::vector<Code> codes;
      for (int i = 0; i < 3; ++i) {
        if (const Sent sent = context.self_as<Talker>().send(i); !sent) {
          codes.push_back(sent.code());
        }
      }
      return codes;
    }
    void handle(int /*number*/) {}
  };
  Runtime runtime{workers(1)};
  const auto talker = runtime.spawn_with<Talker>(patient(2));
  EXPECT_EQ(talker.ask(Anything{}).value(), std::vector{Code::refused});
}

// ---- what no full mailbox holds up -------------------------------------------------------------

TEST(MailboxTest, AStopOvertakesAFullMailbox) {
  Runtime runtime{workers(1)};
  Held held{runtime, patient(1000)};
  held.fill(0, 1000);
  held.actor.stop();
  held.release();
  // It counts as ended before what waited is gone.
  wait_until([&] { return dropped(runtime, "ended") == 1000; });
  EXPECT_FALSE(is_alive(runtime, held.actor));
}

class Watching final {
 public:
  std::size_t handle(Ref<Bystander> other, Context& context) {
    context.monitor(other);
    return 0;
  }
  void handle(const Hold& gates) { hold(gates); }
  void handle(int number) { numbers_ += number; }
  void handle(Down /*down*/) { seen_after_ = numbers_; }
  int handle(Read /*read*/) { return seen_after_; }

 private:
  int numbers_ = 0;
  int seen_after_ = -1;
};

TEST(MailboxTest, ADownOvertakesAFullMailbox) {
  Runtime runtime{workers(2)};
  const auto other = runtime.spawn<Bystander>();
  const auto watching = runtime.spawn_with<Watching>(patient(10));
  ASSERT_TRUE(watching.ask(other));
  ASSERT_TRUE(other.ask(Anything{}).value()) << "it knows of its monitor";
  Gate begun;
  Gate end;
  EXPECT_TRUE(watching.send(Hold{begun, end}));
  begun.pass();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(watching.send(1));
  }
  other.stop();
  wait_until([&] { return !is_alive(runtime, other); });
  // Its end is told before it is no more to be seen, or soon after: by then this has come back.
  ASSERT_TRUE(runtime.spawn<Bystander>().ask(Anything{}).value());
  end.open();
  EXPECT_EQ(watching.ask(Read{}).value(), 0) << "before all that waited";
}

TEST(MailboxTest, AMessageOfATimerArrivesInAFullMailbox) {
  struct Tick {
    std::string text;
  };
  class Ticking final {
   public:
    void handle(const Hold& gates, Context& context) {
      context.after(*this, Duration::zero(), Tick{std::string(1000, 'x')});
      hold(gates);
    }
    void handle(int /*number*/) {}
    void handle(const Tick& /*tick*/) { ++ticks_; }
    int handle(Read /*read*/) { return ticks_; }

   private:
    int ticks_ = 0;
  };
  Runtime runtime{workers(1)};
  const auto ticking = runtime.spawn_with<Ticking>(mailbox(1, WhenFull::refuse));
  Gate begun;
  Gate end;
  EXPECT_TRUE(ticking.send(Hold{begun, end}));
  begun.pass();
  EXPECT_TRUE(ticking.send(1));
  EXPECT_EQ(ticking.send(2).code(), Code::overloaded);
  end.open();
  wait_until([&] {
    const auto ticks = ticking.ask(Read{});
    return ticks && *ticks == 1;
  });
}

TEST(MailboxTest, AReplyNeedsNoRoom) {
  class Asking final {
   public:
    void handle(const Ref<Recorder>& other) { got_ = other.ask(Read{}).value(); }
    void handle(int /*number*/) {}
    std::vector<int> handle(Read /*read*/) { return got_; }

   private:
    std::vector<int> got_;
  };
  Runtime runtime{workers(2)};
  Held held{runtime, patient(10)};
  held.fill(0, 1);
  const auto asking = runtime.spawn_with<Asking>(mailbox(1, WhenFull::refuse));
  EXPECT_TRUE(asking.send(held.actor));
  wait_until_it_waits(runtime, asking);
  EXPECT_TRUE(asking.send(1));
  EXPECT_EQ(asking.send(2).code(), Code::overloaded);
  held.release();
  wait_until([&] { return stats_of(runtime, asking).mailbox == 0; });
  EXPECT_EQ(asking.ask(Read{}).value(), numbers(0, 1));
}

}  // namespace
}  // namespace troupe::actor_test
