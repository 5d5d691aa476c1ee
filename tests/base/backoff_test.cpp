// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/backoff.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, ChanceTakesAPauseAnywhereUpToTwiceTheMean) {
  const Backoff pauses{10ms, 100ms};
  EXPECT_EQ(Backoff{pauses}.next(0), 0ms);
  EXPECT_EQ(Backoff{pauses}.next(7'000'000), 7ms);
  EXPECT_EQ(Backoff{pauses}.next(19'999'999), 19'999'999ns);
  EXPECT_EQ(Backoff{pauses}.next(20'000'001), 1ns);
  EXPECT_LT(Backoff{pauses}.next(std::numeric_limits<std::uint64_t>::max()), 20ms);
}

TEST(BackoffTest, TheMeanDoublesUpToTheLast) {
  Backoff pauses{10ms, 30ms};
  constexpr std::uint64_t kLong = 59'999'999;  // what only the last mean allows
  EXPECT_LT(pauses.next(kLong), 20ms);
  EXPECT_LT(pauses.next(kLong), 40ms);
  EXPECT_EQ(pauses.next(kLong), 59'999'999ns);
  EXPECT_EQ(pauses.next(kLong), 59'999'999ns);
}

}  // namespace
}  // namespace troupe
