// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/deadline.hpp"

#include "harness/manual_clock.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

namespace {

using namespace std::chrono_literals;
using troupe::Clock;
using troupe::Deadline;
using troupe::Duration;
using troupe::forever;
using troupe::Instant;
using troupe::harness::ManualClock;

static_assert(!std::is_convertible_v<int, Deadline>, "5 what?");
static_assert(!std::is_convertible_v<bool, Deadline>);

class DeadlineTest : public testing::Test {
 protected:
  ManualClock clock_;
  Clock::Scope scope_{clock_};
};

TEST_F(DeadlineTest, CountsFromNow) {
  const Deadline deadline{5s};
  EXPECT_EQ(deadline.left(), 5s);
  EXPECT_FALSE(deadline.passed());

  clock_.advance(3s);
  EXPECT_EQ(deadline.left(), 2s);

  clock_.advance(2s);
  EXPECT_EQ(deadline.left(), 0s);
  EXPECT_TRUE(deadline.passed());

  clock_.advance(1h);
  EXPECT_EQ(deadline.left(), 0s);
}

TEST_F(DeadlineTest, OfZeroOrLessHasPassed) {
  for (const Deadline deadline : {Deadline{0s}, Deadline{-1h}, Deadline::at_once(),
                                  Deadline{Duration::min()}, Deadline{-1e300 * 1.0s}}) {
    EXPECT_TRUE(deadline.passed());
    EXPECT_EQ(deadline.left(), 0s);
    EXPECT_FALSE(deadline.is_never());
  }
}

TEST_F(DeadlineTest, TooFarAwayToCountNeverPasses) {
  using Days = std::chrono::duration<std::int64_t, std::ratio<86400>>;
  for (const Deadline deadline :
       {Deadline{forever}, Deadline::never(), Deadline{Duration::max()}, Deadline{Days::max()},
        Deadline{1e300 * 1.0s}, Deadline{std::chrono::steady_clock::time_point::max()}}) {
    EXPECT_TRUE(deadline.is_never());
    EXPECT_FALSE(deadline.passed());
    EXPECT_EQ(deadline.left(), Duration::max());
  }
}

TEST_F(DeadlineTest, FarButCountableIsCounted) {
  EXPECT_EQ(Deadline{std::chrono::hours{24 * 365 * 100}}.left(),
            std::chrono::hours{24 * 365 * 100});
}

TEST_F(DeadlineTest, AtASteadyTimePointIsThatFarFromNow) {
  const auto now = std::chrono::steady_clock::now();

  EXPECT_TRUE(Deadline{now - 1s}.passed());
  const Duration left = Deadline{now + 1h}.left();
  EXPECT_LE(left, 1h);
  EXPECT_GT(left, 30min);
}

TEST_F(DeadlineTest, TheEarlierOfTwoIsFound) {
  const Deadline soon{1s};
  const Deadline late{2s};

  EXPECT_EQ(earlier(soon, late).when(), soon.when());
  EXPECT_EQ(earlier(forever, late).when(), late.when());
  EXPECT_EQ(earlier(Deadline::at_once(), soon).when(), Instant::min());
}

TEST(ClockTest, ScopesNest) {
  const ManualClock outer;
  const ManualClock inner;
  {
    const Clock::Scope first{outer};
    EXPECT_EQ(&Clock::current(), &outer);
    {
      const Clock::Scope second{inner};
      EXPECT_EQ(&Clock::current(), &inner);
    }
    EXPECT_EQ(&Clock::current(), &outer);
  }
  EXPECT_EQ(&Clock::current(), &Clock::system());
}

TEST(ClockTest, TheSystemsNeverGoesBack) {
  Instant last = Clock::system().now();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = Clock::system().now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
