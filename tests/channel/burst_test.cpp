// SPDX-License-Identifier: Apache-2.0
// The burst rule (docs/architecture.md#the-burst-rule): a lone message leaves at once, a run of
// them leaves together, and nothing stays behind. The clock is the test's, and the flusher runs
// when the test lets it.
#include "troupe/runtime/channel/burst.hpp"

#include "channel/recording_stream.hpp"
#include "harness/manual_clock.hpp"
#include "harness/test_runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

// ---- the rule alone ----------------------------------------------------------------------------

class BurstRule : public testing::Test {
 protected:
  void write_after(Duration gap) {
    now_ += gap;
    const Instant begin = now_;
    now_ += 1us;  // what a write takes
    if (burst_.begins_run(waits_)) {
      burst_.began_run(now_);
    } else {
      burst_.written(begin, now_);
    }
  }
  void begin_burst() {
    for (int i = 0; i <= Burst::kRun; ++i) {
      write_after(1us);
    }
    ASSERT_TRUE(burst_.active());
  }

  Burst burst_;
  Instant now_{1h};
  std::uint64_t waits_ = 0;
};

TEST_F(BurstRule, WritesThatAreFarApartAreNoBurst) {
  for (int i = 0; i < 100; ++i) {
    write_after(Burst::kGap + 1ns);
    EXPECT_FALSE(burst_.active());
  }
}

TEST_F(BurstRule, ARunOfCloseWritesIsOne) {
  write_after(1h);
  for (int i = 1; i <= Burst::kRun; ++i) {
    EXPECT_FALSE(burst_.active()) << i;
    write_after(Burst::kGap);
  }
  EXPECT_TRUE(burst_.active());
}

TEST_F(BurstRule, AGapBeginsTheRunAnew) {
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < Burst::kRun; ++i) {
      write_after(i == 0 ? Duration{1ms} : Duration{1us});
      EXPECT_FALSE(burst_.active());
    }
  }
}

TEST_F(BurstRule, WhoWaitsBetweenItsWritesHasNone) {
  for (int i = 0; i < 100; ++i) {
    ++waits_;
    write_after(1us);
    EXPECT_FALSE(burst_.active());
  }
}

TEST_F(BurstRule, AFlushThatFindsOneMessageEndsIt) {
  begin_burst();
  burst_.gathered();
  burst_.flushed();
  EXPECT_FALSE(burst_.active());
}

TEST_F(BurstRule, AFlushThatFindsSeveralDoesNot) {
  begin_burst();
  burst_.gathered();
  burst_.gathered();
  burst_.flushed();
  EXPECT_TRUE(burst_.active());
  burst_.gathered();
  burst_.flushed();
  EXPECT_FALSE(burst_.active());
}

// ---- the rule in a channel ---------------------------------------------------------------------

class BurstTest : public testing::Test {
 protected:
  BurstTest() : runtime_(std::make_unique<TestRuntime>(ports())) {
    auto [near, far] = raw_socket_pair();
    near_ = recording(*runtime_, std::move(near), calls_);
    far_ = std::move(far);
  }
  ~BurstTest() override {
    far_.reset();  // nobody takes what a test left
    executor_->release();
    near_.close();
  }

  Ports ports() {
    Ports made;
    made.clock = &clock_;
    made.spin = false;
    auto executor = std::make_unique<HeldExecutor>();
    executor_ = executor.get();
    made.executor = std::move(executor);
    return made;
  }
  // The clock stands while it sends: one run.
  void send_run(int count, std::size_t size = 1) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(near_.send_bytes(pattern(size)));
    }
  }
  void begin_burst() {
    send_run(kDirect);
    ASSERT_EQ(calls_.writes, kDirect);
  }
  void expect_arrived(std::size_t count, std::size_t size = 1) {
    (void)read_raw(far_.get(), count * (4 + size));
  }

  static constexpr int kDirect = Burst::kRun + 1;

  ManualClock clock_;
  HeldExecutor* executor_ = nullptr;
  std::unique_ptr<TestRuntime> runtime_;
  Calls calls_;
  Connection near_;
  UniqueFd far_;
};

TEST_F(BurstTest, ALoneMessageLeavesAtOnce) {
  for (int i = 1; i <= 100; ++i) {
    clock_.advance(1ms);
    send_run(1);
    EXPECT_EQ(calls_.writes, i);
    expect_arrived(1);
  }
}

TEST_F(BurstTest, ARunIsGathered) {
  begin_burst();
  send_run(100);
  EXPECT_EQ(calls_.writes, kDirect);
  expect_arrived(kDirect);
  EXPECT_FALSE(is_readable(far_.get()));
}

TEST_F(BurstTest, WhatIsGatheredLeavesInPortionsWorthACall) {
  begin_burst();
  expect_arrived(kDirect);
  send_run(100, 1000);
  EXPECT_EQ(calls_.writes, kDirect + 100 * 1004 / static_cast<long>(Burst::kFlushAt));
}

TEST_F(BurstTest, TheTailArrivesWithoutAnotherCall) {
  executor_->release();
  for (int round = 0; round < 20; ++round) {
    clock_.advance(1ms);
    send_run(50);
    expect_arrived(50);
  }
}

TEST_F(BurstTest, AWaitOfTheSenderFlushesFirst) {
  begin_burst();
  send_run(10);
  EXPECT_EQ(near_.receive_bytes(1ns).error(), Code::timed_out);
  expect_arrived(kDirect + 10);
}

TEST_F(BurstTest, AnyWaitOfTheSendersThreadFlushesFirst) {
  begin_burst();
  send_run(10);
  auto [other_near, other_far] = raw_socket_pair();
  Calls other_calls;
  Connection other = recording(*runtime_, std::move(other_near), other_calls);
  EXPECT_EQ(other.poll(1ns).error(), Code::timed_out);
  expect_arrived(kDirect + 10);
}

TEST_F(BurstTest, AReceiveThatNeedsNoWaitFlushesNothing) {
  write_raw(far_.get(), from_hex("00 00 00 01 61"));
  begin_burst();
  send_run(10);
  EXPECT_TRUE(near_.receive_bytes());
  EXPECT_EQ(calls_.writes, kDirect);
}

TEST_F(BurstTest, FlushSendsWhatIsGathered) {
  begin_burst();
  send_run(10);
  EXPECT_TRUE(near_.flush());
  EXPECT_EQ(calls_.writes, kDirect + 1);
  expect_arrived(kDirect + 10);
}

TEST_F(BurstTest, CloseSendsWhatIsGathered) {
  begin_burst();
  send_run(10);
  near_.close();
  expect_arrived(kDirect + 10);
  EXPECT_EQ(read_to_end(far_.get()).size(), 0U);
}

TEST_F(BurstTest, ALargeMessageTakesWhatIsGatheredAlong) {
  begin_burst();
  send_run(10);
  ASSERT_TRUE(near_.send_bytes(pattern(50'000)));
  expect_arrived(kDirect + 10);
  expect_arrived(1, 50'000);
}

TEST_F(BurstTest, WhenTheRunIsOverALoneMessageLeavesAtOnceAgain) {
  begin_burst();
  send_run(1);
  EXPECT_TRUE(near_.flush());
  expect_arrived(kDirect + 1);
  clock_.advance(1ms);
  send_run(1);
  expect_arrived(1);
}

TEST_F(BurstTest, AnErrorOfAGatheredMessageIsToldByTheNextSend) {
  begin_burst();
  send_run(3);
  far_.reset();
  EXPECT_EQ(near_.flush().error(), Code::disconnected);
  EXPECT_EQ(near_.send_bytes(pattern(1)).error(), Code::disconnected);
}

TEST_F(BurstTest, AnErrorThatTheFlusherMeetsIsToldByTheNextSend) {
  begin_burst();
  far_.reset();
  send_run(1);
  executor_->release();
  Result<void> sent;
  while (sent) {
    sent = near_.send_bytes(pattern(1));
  }
  EXPECT_EQ(sent.error(), Code::disconnected);
}

TEST_F(BurstTest, AThreadThatEndsLeavesItsTailToTheFlusher) {
  std::jthread{[&] {
    begin_burst();
    send_run(10);
  }}.join();
  executor_->release();
  expect_arrived(kDirect + 10);
}

TEST_F(BurstTest, ASlowReaderIsGivenTheTailWhenItReads) {
  executor_->release();
  int sent = 0;
  while (near_.send_bytes(pattern(1000), 1ms)) {
    ++sent;
  }
  expect_arrived(static_cast<std::size_t>(sent), 1000);  // the flusher goes on as room appears
  EXPECT_FALSE(is_readable(far_.get()));
}

TEST_F(BurstTest, ManyChannelsShareOneFlusher) {
  executor_->release();
  constexpr int kChannels = 20;
  std::vector<Connection> nears;
  std::vector<UniqueFd> fars;
  for (int i = 0; i < kChannels; ++i) {
    auto [near, far] = raw_socket_pair();
    nears.push_back(recording(*runtime_, std::move(near), calls_));
    fars.push_back(std::move(far));
  }
  for (int round = 0; round < 50; ++round) {
    for (Connection& near : nears) {
      ASSERT_TRUE(near.send_bytes(pattern(10)));
    }
  }
  for (int i = 0; i < kChannels; ++i) {
    (void)read_raw(fars.at(static_cast<std::size_t>(i)).get(), 50 * 14);
    if (i % 2 == 0) {
      nears.at(static_cast<std::size_t>(i)).close();
    }
  }
}

}  // namespace
}  // namespace troupe::harness
