// SPDX-License-Identifier: Apache-2.0
// The model of memory and the explorer, on programs whose answers are known.
#include "transports/interleaving/explorer.hpp"
#include "transports/interleaving/model_atomic.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

namespace troupe::interleaving {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kBoth = std::memory_order_acq_rel;

class MemoryTest : public testing::Test {
 protected:
  MemoryTest() { layout_.name({"x", "y", "content"}); }

  Explored explore(std::function<void()> one, std::function<void()> other) {
    return Explorer{layout_,
                    {ModelThread{"one", std::move(one)}, ModelThread{"other", std::move(other)}}}
        .explore();
  }
  static void expect_failure(const std::string& what, const Explored& explored) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, what, explored.failure);
  }
  // Content, and a flag that says that it is there.
  Explored explore_message(std::memory_order sends, std::memory_order receives) {
    return explore(
        [&] {
          write_content();
          x_.store(1, sends);
        },
        [&] {
          if (x_.load(receives) == 1) expect_content();
        });
  }
  void write_content() const {
    access({.kind = Access::Kind::write_content, .location = content_, .operand = 1});
  }
  void expect_content() const {
    expect(access({.kind = Access::Kind::read_content, .location = content_}) == 1, "no content");
  }
  static void must_not_be_both(bool so) {
    if (!so) return;
    count();
    expect(counted() < 2, "both");
  }

  Layout layout_;
  ModelAtomic<std::uint64_t> x_{0};
  ModelAtomic<std::uint64_t> y_{0};
  const Location content_ = Layout::add(0);
};

TEST_F(MemoryTest, EachThreadMayMissWhatTheOtherStoredBeforeItLooked) {
  const auto side = [](auto& mine, auto& others) {
    mine.store(1, kRelease);
    must_not_be_both(others.load(kAcquire) == 0);
  };
  expect_failure("both", explore([&] { side(x_, y_); }, [&] { side(y_, x_); }));
}

TEST_F(MemoryTest, OneCallThatMakesAllVisibleIsEnoughForBoth) {
  const auto explored = explore(
      [&] {
        x_.store(1, kRelease);
        must_not_be_both(y_.load(kRelaxed) == 0);
      },
      [&] {
        y_.store(1, kRelease);
        make_all_visible();
        must_not_be_both(x_.load(kRelaxed) == 0);
      });
  EXPECT_EQ(explored.failure, "");
  EXPECT_GT(explored.ends, 1U);
}

TEST_F(MemoryTest, ReadModifyWritesOfOneWordHaveAnOrder) {
  const auto side = [&](auto& mine, auto& others) {
    mine.store(1, kRelaxed);
    y_.fetch_add(0, kBoth);
    must_not_be_both(others.load(kRelaxed) == 0);
  };
  ModelAtomic<std::uint64_t> z{0};
  layout_.name({"z"});
  EXPECT_EQ(explore([&] { side(x_, z); }, [&] { side(z, x_); }).failure, "");
}

TEST_F(MemoryTest, WhoAcquiresSeesWhatWasReleased) {
  EXPECT_EQ(explore_message(kRelease, kAcquire).failure, "");
}

TEST_F(MemoryTest, WithoutReleaseOrAcquireContentIsARace) {
  expect_failure("data race", explore_message(kRelaxed, kAcquire));
  expect_failure("data race", explore_message(kRelease, kRelaxed));
}

TEST_F(MemoryTest, AReadModifyWriteContinuesWhatAnotherReleased) {
  const auto explored = explore(
      [&] {
        write_content();
        x_.store(1, kRelease);
      },
      [&] {
        if (x_.fetch_add(2, kRelaxed) != 1) return;
        if (x_.load(kAcquire) == 3) expect_content();
      });
  EXPECT_EQ(explored.failure, "");
}

TEST_F(MemoryTest, AStoreEndsWhatAnotherReleased) {
  const auto explored = explore(
      [&] {
        write_content();
        x_.store(1, kRelease);
      },
      [&] {
        if (x_.load(kRelaxed) != 1) return;
        x_.store(2, kRelaxed);
        if (x_.load(kAcquire) == 2) expect_content();
      });
  expect_failure("data race", explored);
}

TEST_F(MemoryTest, NobodyReadsAnOlderStoreThanBefore) {
  const auto explored = explore(
      [&] {
        x_.store(1, kRelaxed);
        x_.store(2, kRelaxed);
      },
      [&] {
        const auto first = x_.load(kRelaxed);
        expect(x_.load(kRelaxed) >= first, "backwards");
      });
  EXPECT_EQ(explored.failure, "");
}

TEST_F(MemoryTest, StoresToTwoPlacesMayBeSeenInTheOtherOrder) {
  const auto explored = explore(
      [&] {
        x_.store(1, kRelaxed);
        y_.store(1, kRelaxed);
      },
      [&] {
        const auto y = y_.load(kRelaxed);
        expect(x_.load(kRelaxed) >= y, "the other order");
      });
  expect_failure("the other order", explored);
}

TEST_F(MemoryTest, ContentThatBothTouchUnorderedIsARaceWhoeverIsFirst) {
  expect_failure("data race", explore([&] { write_content(); }, [&] { write_content(); }));
}

TEST_F(MemoryTest, ASleeperWhoIsNeverRungIsALostWakeUp) {
  const auto explored = explore([&] { x_.store(1, kRelease); },
                                [&] {
                                  if (x_.load(kAcquire) == 0) sleep();
                                });
  expect_failure("wake-up was lost", explored);
}

TEST_F(MemoryTest, ARingBeforeTheSleepEndsIt) {
  const auto explored = explore([&] { ring(); }, [&] { sleep(); });
  EXPECT_EQ(explored.failure, "");
  EXPECT_EQ(explored.ends, 1U);
}

TEST_F(MemoryTest, AFailureSaysTheScheduleThatLeadsToIt) {
  const auto explored =
      explore([&] { x_.store(1, kRelaxed); }, [&] { expect(x_.load(kAcquire) == 1, "too early"); });
  EXPECT_EQ(explored.failure,
            "other: too early, after\n"
            "  one: x relaxed store 0x1\n"
            "  other: x acquire load: 0 (1 newer)\n");
}

}  // namespace
}  // namespace troupe::interleaving
