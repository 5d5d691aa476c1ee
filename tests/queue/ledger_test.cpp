// SPDX-License-Identifier: Apache-2.0
// The rules of a queue's owner, without clients.
#include "troupe/runtime/queue/internal/ledger.hpp"

#include "text_items.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::queue {
namespace {

using namespace std::chrono_literals;

class LedgerTest : public testing::Test {
 protected:
  void put(std::string_view text) {
    ASSERT_EQ(ledger_.put(item(text), Duration{}, now_), Ledger::Put::accepted);
  }
  // The next item's text and number; "" when there is none.
  std::string take(Holder& holder) {
    const auto given = ledger_.give(holder, now_);
    last_ = given ? given->number : 0;
    return given ? text_of(*given->item) : "";
  }

  QueueOptions options_{.capacity = 3, .capacity_bytes = 100};
  Ledger ledger_{options_};
  Instant now_{1h};
  Holder a_;
  Holder b_;
  std::uint64_t last_ = 0;
};

TEST_F(LedgerTest, ItemsAreGivenInTheOrderOfTheirPuts) {
  put("1");
  put("2");
  EXPECT_EQ(take(a_), "1");
  EXPECT_EQ(take(b_), "2");
  EXPECT_EQ(take(a_), "");
}

TEST_F(LedgerTest, HigherPrioritiesGoFirst) {
  put("normal");
  (void)ledger_.put(item("low", -1), Duration{}, now_);
  (void)ledger_.put(item("high", 1), Duration{}, now_);
  EXPECT_EQ(take(a_), "high");
  EXPECT_EQ(take(a_), "normal");
  EXPECT_EQ(take(a_), "low");
}

TEST_F(LedgerTest, ADelayedItemComesWhenItsTimeHasCome) {
  (void)ledger_.put(item("later"), 1s, now_);
  EXPECT_EQ(take(a_), "");
  EXPECT_EQ(ledger_.next_ready(), now_ + 1s);
  now_ += 1s;
  EXPECT_EQ(take(a_), "later");
}

TEST_F(LedgerTest, RoomIsWhatIsNeitherFinishedNorPromised) {
  EXPECT_EQ(ledger_.room(0), 3U);
  put("1");
  EXPECT_EQ(ledger_.room(1), 1U);
  (void)take(a_);
  EXPECT_EQ(ledger_.room(1), 1U);  // in work is not finished
  EXPECT_TRUE(ledger_.finish(a_, last_));
  EXPECT_EQ(ledger_.room(1), 2U);
}

TEST_F(LedgerTest, OnlyWhoHasAnItemFinishesItAndOnce) {
  put("1");
  (void)take(a_);
  EXPECT_FALSE(ledger_.finish(b_, last_));
  EXPECT_TRUE(ledger_.finish(a_, last_));
  EXPECT_FALSE(ledger_.finish(a_, last_));
  EXPECT_TRUE(ledger_.idle());
}

TEST_F(LedgerTest, WhatIsGivenBackUnopenedStandsInFrontAndWasNoAttempt) {
  put("1");
  put("2");
  (void)take(a_);
  EXPECT_TRUE(ledger_.give_back(a_, last_, false, {}, now_));
  const auto given = ledger_.give(a_, now_);
  ASSERT_TRUE(given);
  EXPECT_EQ(text_of(*given->item), "1");
  EXPECT_EQ(given->item->attempts, 0U);
}

TEST_F(LedgerTest, WhatIsGivenBackTooOftenIsADeadLetter) {
  put("1");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(take(a_), "1");
    EXPECT_TRUE(ledger_.give_back(a_, last_, true, {}, now_));
  }
  EXPECT_EQ(take(a_), "");
  const auto dead = ledger_.take_dead();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].reason, "it was given back, at delivery 3");
  EXPECT_TRUE(ledger_.idle());
}

TEST_F(LedgerTest, AfterADeathItemsGoBehindTheOthersAndAreMarked) {
  put("1");
  (void)take(a_);
  put("2");
  ledger_.died(a_, now_);
  EXPECT_EQ(take(b_), "2");
  const auto given = ledger_.give(b_, now_);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->item->attempts, 1U);
  EXPECT_TRUE(given->item->suspect);
}

// Consumers that die of one item, and acknowledge nothing before they are through.
class LedgerPoisonTest : public testing::Test {
 protected:
  // One that has as many in advance as it can. False: it died.
  bool work_in_advance() {
    Holder consumer;
    std::vector<Ledger::Given> has;
    while (const auto given = ledger_.give(consumer, now_)) {
      has.push_back(*given);
    }
    for (const auto& each : has) {
      if (!begin(consumer, each)) {
        return false;
      }
    }
    for (const auto& each : has) {
      finished_ += ledger_.finish(consumer, each.number) ? 1 : 0;
    }
    ledger_.left(consumer, now_);
    return true;
  }
  // One that has a single item. False: it died, or there is none.
  bool work_on_one() {
    Holder consumer;
    const auto given = ledger_.give(consumer, now_);
    if (!given || !begin(consumer, *given)) {
      return false;
    }
    finished_ += ledger_.finish(consumer, given->number) ? 1 : 0;
    return true;
  }

  Ledger ledger_{QueueOptions{.capacity = 100, .capacity_bytes = 10000}};
  const Instant now_{1h};
  int finished_ = 0;

 private:
  bool begin(Holder& consumer, const Ledger::Given& given) {
    if (given.item->suspect) {
      ledger_.open(consumer, given.number);
    }
    if (text_of(*given.item) == "poison") {
      ledger_.died(consumer, now_);
      return false;
    }
    return true;
  }
};

// One of many that were handed out kills each consumer: only that one becomes a dead letter.
TEST_F(LedgerPoisonTest, TheItemThatKillsIsFoundAndTheInnocentStay) {
  for (int i = 0; i < 20; ++i) {
    (void)ledger_.put(item(i == 7 ? "poison" : "fine"), Duration{}, now_);
  }
  for (int lives = 0; lives < 10; ++lives) {
    if (work_in_advance()) {
      while (work_on_one()) {  // the suspects come one at a time
      }
    }
  }
  const auto dead = ledger_.take_dead();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(text_of(*dead[0].item), "poison");
  EXPECT_EQ(finished_, 19);
  EXPECT_TRUE(ledger_.idle());
}

TEST_F(LedgerTest, ASuspectIsNotGivenToWhoHasOneAlready) {
  put("1");
  put("2");
  (void)take(a_);
  (void)take(a_);
  ledger_.died(a_, now_);
  EXPECT_EQ(take(b_), "1");
  EXPECT_EQ(take(b_), "");
  EXPECT_EQ(take(a_), "2");
}

TEST_F(LedgerTest, OutputsOfOneCauseAppearOnceHoweverOftenTheyCome) {
  std::vector<ItemPtr> outputs;
  outputs.push_back(item("out"));
  ledger_.emit({9, 5, 1}, std::move(outputs), now_);
  outputs.clear();
  outputs.push_back(item("out"));
  ledger_.emit({9, 5, 1}, std::move(outputs), now_);
  EXPECT_EQ(take(a_), "out");
  EXPECT_EQ(take(a_), "");
}

TEST_F(LedgerTest, OutputsIntoTheSameQueueTakeThePlaceOfTheirCauseHoweverFullItIs) {
  put("1");
  put("2");
  put("3");
  EXPECT_EQ(take(a_), "1");
  std::vector<ItemPtr> outputs;
  outputs.push_back(item("4"));
  outputs.push_back(item("5"));
  EXPECT_TRUE(ledger_.finish(a_, last_, std::move(outputs), now_));
  EXPECT_EQ(ledger_.room(0), 0U);
  EXPECT_EQ(ledger_.stats().ready, 4U);
}

TEST_F(LedgerTest, TheOldestUnfinishedIsKnown) {
  put("1");
  put("2");
  (void)take(a_);
  const auto first = last_;
  (void)take(a_);
  EXPECT_EQ(ledger_.settled(), 1U);
  EXPECT_TRUE(ledger_.finish(a_, last_));
  EXPECT_EQ(ledger_.settled(), 1U);
  EXPECT_TRUE(ledger_.finish(a_, first));
  EXPECT_EQ(ledger_.settled(), 3U);
}

TEST_F(LedgerTest, WhatIsKeptForTooLongIsSomebodyElses) {
  put("1");
  (void)take(a_);
  std::vector<std::uint64_t> told;
  const auto tell = [&](std::uint64_t number) { told.push_back(number); };
  ledger_.end_overdue(a_, now_ + 9min, tell);
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(ledger_.extend(a_, last_, now_ + 20min));
  ledger_.end_overdue(a_, now_ + 11min, tell);
  EXPECT_TRUE(told.empty());
  ledger_.end_overdue(a_, now_ + 21min, tell);
  EXPECT_EQ(told, std::vector<std::uint64_t>{1});
  EXPECT_FALSE(ledger_.finish(a_, 1));
  EXPECT_EQ(take(b_), "1");
}

TEST_F(LedgerTest, ItEndsWhenItIsClosedAndNothingIsInWork) {
  put("1");
  (void)take(a_);
  ledger_.close();
  EXPECT_FALSE(ledger_.ended());
  EXPECT_TRUE(ledger_.finish(a_, last_));
  EXPECT_TRUE(ledger_.ended());
}

TEST(LedgerFullTest, WhatIsDroppedIsCounted) {
  const Instant now{1h};
  Ledger newest{QueueOptions{.capacity = 1, .when_full = WhenFull::drop_newest}};
  EXPECT_EQ(newest.put(item("1"), {}, now), Ledger::Put::accepted);
  EXPECT_EQ(newest.put(item("2"), {}, now), Ledger::Put::dropped);
  EXPECT_EQ(newest.stats().dropped, 1U);

  Ledger oldest{QueueOptions{.capacity = 1, .when_full = WhenFull::drop_oldest}};
  Holder holder;
  (void)oldest.put(item("1"), {}, now);
  EXPECT_EQ(oldest.put(item("2"), {}, now), Ledger::Put::accepted);
  const auto given = oldest.give(holder, now);
  ASSERT_TRUE(given);
  EXPECT_EQ(text_of(*given->item), "2");
  EXPECT_EQ(oldest.stats().dropped, 1U);
}

TEST(LedgerFullTest, AsManyOfTheOldestAreDroppedAsTheNewOneIsLarge) {
  const Instant now{1h};
  Ledger ledger{
      QueueOptions{.capacity = 10, .capacity_bytes = 6, .when_full = WhenFull::drop_oldest}};
  for (const char* const each : {"11", "22", "33"}) {
    (void)ledger.put(item(each), {}, now);
  }
  EXPECT_EQ(ledger.put(item("4444"), {}, now), Ledger::Put::accepted);
  EXPECT_EQ(ledger.stats().bytes, 6U);
  EXPECT_EQ(ledger.stats().dropped, 2U);
}

TEST(LedgerFullTest, WhatIsLargerThanAllIsKeptAlone) {  // a dead letter of the largest item
  const Instant now{1h};
  Ledger ledger{QueueOptions{.capacity_bytes = 6, .when_full = WhenFull::drop_oldest}};
  (void)ledger.put(item("11"), {}, now);
  EXPECT_EQ(ledger.put(item("88888888"), {}, now), Ledger::Put::accepted);
  EXPECT_EQ(ledger.stats().ready, 1U);
}

}  // namespace
}  // namespace troupe::queue
