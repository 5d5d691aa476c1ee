// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/frame_log.hpp"

#include "troupe/runtime/queue/open_deliveries.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::queue {
namespace {

void add(FrameLog& log, std::string_view text) {
  const std::array pieces{std::as_bytes(std::span{text}).first(text.size() / 2),
                          std::as_bytes(std::span{text}).subspan(text.size() / 2)};
  log.add(pieces);
}

std::vector<std::string> frames_of(const FrameLog& log) {
  std::vector<std::string> frames;
  log.for_each([&](std::span<const std::byte> frame) {
    frames.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
  });
  return frames;
}

TEST(FrameLogTest, WhatHasArrivedIsNotKept) {
  FrameLog log;
  add(log, "one");
  add(log, "");
  add(log, "three");
  EXPECT_EQ(frames_of(log), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_TRUE(log.confirm(2));
  EXPECT_TRUE(log.confirm(2));
  EXPECT_EQ(frames_of(log), std::vector<std::string>{"three"});
  add(log, "four");
  log.drop_last();
  EXPECT_TRUE(log.confirm(3));
  EXPECT_TRUE(log.empty());
}

TEST(FrameLogTest, WhatWasNeverAddedHasNotArrived) {
  FrameLog log;
  add(log, "one");
  EXPECT_FALSE(log.confirm(2));
  EXPECT_TRUE(log.confirm(1));
  EXPECT_FALSE(log.confirm(0));
}

TEST(FrameLogTest, ItKeepsTheirOrderHoweverMuchThereIs) {
  FrameLog log;
  std::deque<std::string> frames;
  std::minstd_rand random{1};
  std::uint64_t confirmed = 0;
  for (int i = 0; i < 2000; ++i) {
    frames.emplace_back(random() % 3000, static_cast<char>('a' + i % 26));
    add(log, frames.back());
    if (random() % 4 == 0) {
      const auto more = random() % (frames.size() + 1);
      confirmed += more;
      frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(more));
      ASSERT_TRUE(log.confirm(confirmed));
      ASSERT_EQ(frames_of(log), (std::vector<std::string>{frames.begin(), frames.end()}));
    }
  }
}

TEST(OpenDeliveriesTest, WhatIsSomebodyElsesIsNotFinishedHere) {
  OpenDeliveries open;
  const auto first = open.add();
  const auto second = open.add();
  open.lose(first);
  EXPECT_TRUE(open.is_lost(first));
  EXPECT_FALSE(open.finish(first));
  EXPECT_TRUE(open.finish(second));
}

TEST(OpenDeliveriesTest, WhatIsLostAfterItWasFinishedLeavesNothingBehind) {
  OpenDeliveries open;
  for (std::uint64_t number = 1; number <= 100; ++number) {
    EXPECT_EQ(open.add(), number);
    EXPECT_TRUE(open.finish(number));
    open.lose(number);
  }
  EXPECT_EQ(open.kept(), 0U);
  const auto held = open.add();
  EXPECT_FALSE(open.is_lost(held));
  open.lose(held + 1);
  EXPECT_EQ(open.kept(), 1U);
}

}  // namespace
}  // namespace troupe::queue
