// SPDX-License-Identifier: Apache-2.0
// What waiting costs: system calls of a round trip, and when a waiter polls instead of sleeping.
#include "channel/recording_stream.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/fiber/learned_spin.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

// ---- the lesson alone --------------------------------------------------------------------------

TEST(LearnedSpinTest, TriesOnceAndGivesUpWhenItDidNotPay) {
  LearnedSpin spin;
  EXPECT_TRUE(spin.worth_it());
  spin.missed();
  EXPECT_FALSE(spin.worth_it());
}

TEST(LearnedSpinTest, GoesOnWhileItPays) {
  LearnedSpin spin;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(spin.worth_it());
    spin.paid();
  }
  for (int i = 0; i < 7; ++i) {  // a stake is lost twice as fast as it was won, and it is bounded
    spin.missed();
    EXPECT_TRUE(spin.worth_it());
  }
  spin.missed();
  EXPECT_FALSE(spin.worth_it());
}

TEST(LearnedSpinTest, FindsOutAnewNowAndThen) {
  LearnedSpin spin;
  spin.missed();
  int tries = 0;
  for (int i = 0; i < 320; ++i) {
    tries += spin.worth_it() ? 1 : 0;
  }
  EXPECT_EQ(tries, 10);
}

// ---- in a channel ------------------------------------------------------------------------------

// Each look at this clock takes 10 µs: a spin gives up after a few looks, and no two messages are
// close to each other.
class RushingClock final : public Clock {
 public:
  Instant now() const noexcept override { return Instant{Duration{now_.fetch_add(10'000)}}; }

 private:
  mutable std::atomic<Duration::rep> now_{Duration{1h}.count()};
};

class WaitingTest : public testing::Test {
 protected:
  struct Side {
    std::atomic<long> waits = 0;
    Calls calls;
    std::unique_ptr<TestRuntime> runtime;
    Connection end;

    void make(UniqueFd socket, bool spin, const Clock* clock = nullptr) {
      Ports ports;
      ports.poller = std::make_unique<CountingPoller>(waits);
      ports.spin = spin;
      ports.clock = clock;
      runtime = std::make_unique<TestRuntime>(std::move(ports));
      end = recording(*runtime, std::move(socket), calls);
    }
    long system_calls() const { return waits + calls.reads + calls.writes; }
  };

  void connect(bool spin, const Clock* clock = nullptr) {
    auto [one, two] = raw_socket_pair();
    near_.make(std::move(one), spin, clock);
    far_.make(std::move(two), spin, clock);
  }

  Side near_;
  Side far_;
};

TEST_F(WaitingTest, ARoundTripAsleepIsThreeSystemCallsASide) {
  constexpr int kRounds = 500;
  const RushingClock clock;  // its messages are never a burst
  connect(false, &clock);
  std::jthread echo{[&] {
    while (auto message = far_.end.receive_bytes()) {
      ASSERT_TRUE(far_.end.send_bytes(*message));
    }
  }};
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(near_.end.send_bytes(pattern(64)));
    ASSERT_TRUE(near_.end.receive_bytes());
  }
  const long near = near_.system_calls();
  near_.end.close();
  echo.join();
  EXPECT_LE(near, 3 * kRounds + 5);
  EXPECT_LE(far_.system_calls(), 3 * kRounds + 10);
}

TEST_F(WaitingTest, AMessageThatIsHereIsReceivedWithOneCall) {
  connect(false);
  ASSERT_TRUE(far_.end.send_bytes(pattern(64)));
  ASSERT_TRUE(near_.end.receive_bytes());
  EXPECT_EQ(near_.system_calls(), 1);
}

TEST_F(WaitingTest, ABatchThatIsHereIsReceivedWithOneCall) {
  connect(false);
  Bytes batch;
  for (int i = 0; i < 100; ++i) {
    const Bytes frame = from_hex("00 00 00 02 61 62");
    batch.insert(batch.end(), frame.begin(), frame.end());
  }
  auto handover = far_.end.hand_over().value();
  write_raw(handover.input.get(), batch);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(near_.end.receive_bytes());
  }
  EXPECT_EQ(near_.system_calls(), 1);
}

TEST_F(WaitingTest, WithoutSpinningAWaiterLooksOnceAndSleeps) {
  connect(false);
  std::jthread sender{[&] {
    while (near_.waits == 0) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(far_.end.send_bytes(pattern(64)));
  }};
  ASSERT_TRUE(near_.end.receive_bytes());
  EXPECT_EQ(near_.calls.reads, 2) << "one that found nothing, one that found it";
  EXPECT_EQ(near_.waits, 1);
}

TEST_F(WaitingTest, ASpinThatDoesNotPayIsGivenUp) {
  cpu_set_t cpus;
  ASSERT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
  const bool may_spin = CPU_COUNT(&cpus) > 1;
  const RushingClock clock;
  auto [one, two] = raw_socket_pair();
  near_.make(std::move(one), true, &clock);
  EXPECT_EQ(near_.runtime->may_spin(), may_spin) << "on one CPU the peer could not run meanwhile";

  EXPECT_EQ(near_.end.receive_bytes(5ms).error(), Code::timed_out);
  const long first = near_.calls.reads;
  EXPECT_EQ(near_.end.receive_bytes(5ms).error(), Code::timed_out);
  const long second = near_.calls.reads - first;

  if (may_spin) {
    EXPECT_GT(first, 3) << "it tried";
  }
  EXPECT_LE(second, 2) << "it learned";
}

TEST_F(WaitingTest, AReceiveThatMayNotWaitDoesNotSpin) {
  const RushingClock clock;
  auto [one, two] = raw_socket_pair();
  near_.make(std::move(one), true, &clock);
  EXPECT_EQ(near_.end.receive_bytes(0s).error(), Code::timed_out);
  EXPECT_LE(near_.calls.reads, 2);
}

TEST_F(WaitingTest, ASpinThatPaysNeedsNoSleep) {
  constexpr int kRounds = 2000;
  connect(true);
  if (!near_.runtime->may_spin()) {
    return;  // ASpinThatDoesNotPayIsGivenUp has what happens on one CPU
  }
  std::jthread echo{[&] {
    while (auto message = far_.end.receive_bytes()) {
      ASSERT_TRUE(far_.end.send_bytes(*message));
    }
  }};
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(near_.end.send_bytes(pattern(64)));
    ASSERT_TRUE(near_.end.receive_bytes());
  }
  near_.end.close();
  // On a busy machine it may never pay; what counts is that every answer came.
  EXPECT_GE(near_.calls.reads, kRounds);
}

TEST_F(WaitingTest, NothingWakesAnIdleRuntime) {
  connect(true);
  for (int i = 0; i < 100; ++i) {  // a burst, so that the flusher has run
    ASSERT_TRUE(near_.end.send_bytes(pattern(64)));
  }
  ASSERT_TRUE(near_.end.flush());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(far_.end.receive_bytes());
  }
  long before = -1;
  while (before != near_.waits) {  // until it has gone to sleep
    before = near_.waits;
    std::this_thread::sleep_for(20ms);
  }
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(near_.waits, before);
}

}  // namespace
}  // namespace troupe::harness
