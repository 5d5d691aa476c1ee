// SPDX-License-Identifier: Apache-2.0
// What the ledger of a durable queue has written down, and what it makes of it after a restart.
#include "memory_store.hpp"
#include "text_items.hpp"
#include "troupe/runtime/queue/internal/archive.hpp"
#include "troupe/runtime/queue/internal/journal.hpp"
#include "troupe/runtime/queue/internal/ledger.hpp"
#include "troupe/runtime/queue/internal/session.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::queue {
namespace {

using namespace std::chrono_literals;

// What was handed out.
struct Seen {
  std::string text;
  std::uint32_t attempts = 0;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << seen.text << " (" << seen.attempts << ")";
  }
};

class LedgerDurableTest : public testing::Test {
 protected:
  // A ledger, and what its owner does with it.
  struct Life {
    Life(MemoryStore::Contents& disk, const QueueOptions& options, Instant now, bool same_boot)
        : store(disk), journal(store, 'i'), ledger(options, &journal) {
      Restored restored;
      store
          .read([&](std::string_view key, std::string_view value) {
            return journal.read(key, value, restored);
          })
          .value();
      ledger.restore(std::move(restored), same_boot, now);
    }
    void commit() {
      ledger.write_desk("");
      store.commit().value();
    }

    MemoryStore store;
    Journal journal;
    Ledger ledger;
    Holder consumer;
    std::uint64_t last = 0;  // the delivery that was taken last
  };

  void SetUp() override { restart(); }

  // The owner's process is killed, and another one opens what was committed.
  void restart(bool same_boot = true) {
    life_.reset();
    life_.emplace(disk_, options_, now_, same_boot);
    life_->commit();
  }
  Ledger& ledger() { return life_->ledger; }
  void put(std::string_view text, std::int32_t priority = 0, Duration delay = {}) {
    (void)ledger().put(item(text, priority), delay, now_);
    life_->commit();
  }
  // Empty text: there is none.
  Seen take(bool here = false) {
    ledger().announce(1, here, now_);
    life_->commit();
    const auto given = ledger().give(life_->consumer, now_);
    if (!given) {
      return {};
    }
    life_->last = given->number;
    const auto bytes = given->item->bytes();
    return {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, given->item->attempts};
  }
  std::vector<Seen> take_all() {
    std::vector<Seen> all;
    for (Seen seen = take(); !seen.text.empty(); seen = take()) {
      all.push_back(seen);
      finish();
    }
    return all;
  }
  void finish() {
    EXPECT_TRUE(ledger().finish(life_->consumer, life_->last));
    life_->commit();
  }

  QueueOptions options_{.capacity = 100, .capacity_bytes = 1000};
  Instant now_{1h};
  MemoryStore::Contents disk_;
  std::optional<Life> life_;
};

using Seens = std::vector<Seen>;

TEST_F(LedgerDurableTest, WhatIsReadyIsThereInItsOrder) {
  put("1");
  put("2");
  put("high", 1);
  put("low", -1);
  restart();
  EXPECT_EQ(take_all(), (Seens{{"high"}, {"1"}, {"2"}, {"low"}}));
}

TEST_F(LedgerDurableTest, WhatIsFinishedLeavesNothing) {
  const auto empty = disk_.size();
  put("1");
  put("2", 5);
  put("3", 0, 1s);
  now_ += 1s;
  (void)take_all();
  EXPECT_EQ(disk_.size(), empty);
  restart();
  EXPECT_EQ(take_all(), Seens{});
  EXPECT_EQ(ledger().stats().finished, 3U);
}

TEST_F(LedgerDurableTest, WhatWasInWorkSaysSoAndIsBehindAndTheOthersDoNot) {
  put("in work");
  put("not yet");
  put("delayed, in work", 0, 1s);
  put("delayed, not yet", 0, 1s);
  put("low, in work", -1);
  put("low, not yet", -1);
  EXPECT_EQ(take().text, "in work");
  now_ += 1s;
  ledger().announce(2, false, now_);  // the first of them is announced, but not handed out
  restart();
  EXPECT_EQ(take_all(), (Seens{{"not yet"},
                               {"delayed, in work"},
                               {"delayed, not yet"},
                               {"in work", 1},
                               {"low, in work"},
                               {"low, not yet"}}));
}

TEST_F(LedgerDurableTest, WhatIsNotWrittenToBeHandedOutIsNot) {
  put("1");
  put("high", 1);
  EXPECT_FALSE(ledger().give(life_->consumer, now_));
  ledger().announce(1, false, now_);
  EXPECT_TRUE(ledger().give(life_->consumer, now_));
  EXPECT_FALSE(ledger().give(life_->consumer, now_));
}

TEST_F(LedgerDurableTest, OtherClassesAreMarkedOneByOne) {
  put("high, in work", 1);
  put("high", 1);
  put("later, in work", 0, 1s);
  put("later", 0, 1s);
  put("normal");
  EXPECT_EQ(take().text, "high, in work");
  restart();
  now_ += 1s;
  EXPECT_EQ(take(), (Seen{"high"}));
  EXPECT_EQ(take(), (Seen{"high, in work", 1}));
  EXPECT_EQ(take(), (Seen{"normal"}));
  EXPECT_EQ(take(), (Seen{"later, in work"}));
  restart();
  EXPECT_EQ(
      take_all(),
      (Seens{{"high, in work", 1}, {"high", 1}, {"later"}, {"later, in work", 1}, {"normal", 1}}));
}

TEST_F(LedgerDurableTest, ADelayGoesOn) {
  put("later", 0, 10s);
  now_ += 4s;
  restart();
  EXPECT_EQ(ledger().next_ready(), now_ + 6s);
  now_ += 20s;
  restart();
  EXPECT_EQ(take(), (Seen{"later"}));
}

TEST_F(LedgerDurableTest, ADelayBeginsAnewWhereTheClockDid) {
  put("later", 0, 10s);
  now_ = Instant{5min};
  restart(false);
  EXPECT_EQ(ledger().next_ready(), now_ + 10s);
  now_ += 4s;
  restart();
  EXPECT_EQ(ledger().next_ready(), now_ + 6s);
}

TEST_F(LedgerDurableTest, DeliveriesAreCountedOverRestarts) {
  put("1");
  (void)take();
  EXPECT_TRUE(ledger().give_back(life_->consumer, life_->last, true, {}, now_));
  life_->commit();
  restart();
  EXPECT_EQ(take().attempts, 1U);
  EXPECT_TRUE(ledger().give_back(life_->consumer, life_->last, true, 5s, now_));
  life_->commit();
  restart();
  EXPECT_EQ(ledger().next_ready(), now_ + 5s);
  now_ += 5s;
  EXPECT_EQ(take().attempts, 2U);
  EXPECT_TRUE(ledger().give_back(life_->consumer, life_->last, true, {}, now_));
  EXPECT_EQ(ledger().take_dead().size(), 1U);
  life_->commit();
  restart();
  EXPECT_TRUE(ledger().idle());
}

TEST_F(LedgerDurableTest, TheOwnersDeathsAreNoFaultOfAnItemInAnotherProcess) {
  put("innocent");
  for (int restarts = 0; restarts < 10; ++restarts) {
    EXPECT_EQ(take().text, "innocent");
    restart();
  }
  EXPECT_EQ(take().attempts, 1U);
}

TEST_F(LedgerDurableTest, AnItemThatKillsItsConsumerWithTheOwnerEnds) {
  put("poison");
  for (int restarts = 0; restarts < 3; ++restarts) {
    EXPECT_EQ(take(true).text, "poison") << restarts;
    restart();
  }
  EXPECT_TRUE(ledger().idle());
  const auto dead = ledger().take_dead();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead.front().item->attempts, 3U);
}

TEST_F(LedgerDurableTest, OfManyThatWereHandedOutWithThePoisonNoneIsBlamed) {
  for (const char* const text : {"1", "2", "poison", "4"}) {
    put(text);
  }
  for (int i = 0; i < 4; ++i) {
    (void)take(true);
  }
  std::uint64_t poisoned = 0;
  for (int restarts = 0; restarts < 10 && !ledger().idle(); ++restarts) {
    restart();
    for (Seen seen = take(true); !seen.text.empty() && seen.text != "poison"; seen = take(true)) {
      finish();
    }
    poisoned += ledger().take_dead().size();
  }
  EXPECT_EQ(poisoned, 1U);
}

TEST_F(LedgerDurableTest, WhatCausesHaveEmittedIsKnown) {
  const auto emit = [&](std::uint64_t cause, std::uint64_t settled) {
    std::vector<ItemPtr> outputs;
    outputs.push_back(item("of " + std::to_string(cause)));
    ledger().emit({7, cause, settled}, std::move(outputs), now_);
    life_->commit();
  };
  emit(1, 1);
  emit(2, 1);
  restart();
  emit(2, 1);
  emit(1, 1);
  emit(3, 1);
  EXPECT_EQ(take_all(), (Seens{{"of 1"}, {"of 2"}, {"of 3"}}));
  const auto before = disk_.size();
  emit(4, 4);  // 1, 2 and 3 are settled, and forgotten
  EXPECT_EQ(disk_.size(), before - 3 + 2);
}

TEST_F(LedgerDurableTest, WhatIsClosedIsUntilAllIsFinished) {
  put("1");
  ledger().close();
  life_->commit();
  restart();
  EXPECT_TRUE(ledger().closed());
  EXPECT_FALSE(ledger().ended());
  EXPECT_EQ(take_all(), (Seens{{"1"}}));
  EXPECT_TRUE(ledger().ended());
  restart();
  EXPECT_FALSE(ledger().closed());
}

TEST_F(LedgerDurableTest, IdsAreNeverGivenTwice) {
  put("1");
  put("2");
  (void)take_all();
  restart();
  EXPECT_EQ(ledger().settled(), 3U);
}

// ---- the archive -------------------------------------------------------------------------------

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest()
      : archive_(
            [&] {
              auto made = std::make_unique<MemoryStore>(disk_);
              store_ = made.get();
              return made;
            }(),
            "memory"),
        items_(QueueOptions{}, archive_.items()),
        dead_(QueueOptions{}, archive_.dead()) {}

  void put() { (void)items_.ledger.put(item("an item"), {}, now_); }
  void commit() { archive_.commit(items_, dead_, now_); }

  Instant now_{1h};
  MemoryStore::Contents disk_;
  MemoryStore* store_ = nullptr;
  Archive archive_;
  Desk items_;
  Desk dead_;
};

TEST_F(ArchiveTest, AllOfATurnIsOneCommit) {
  for (int i = 0; i < 100; ++i) {
    put();
    (void)dead_.ledger.put(item("dead"), {}, now_);
  }
  commit();
  EXPECT_EQ(store_->commits, 1);
  EXPECT_EQ(disk_.size(), 202U);
  commit();
  EXPECT_EQ(store_->commits, 1) << "nothing has changed";
}

TEST_F(ArchiveTest, AFullDiskIsTriedAgainLessAndLessOften) {
  put();
  store_->full = true;
  commit();
  EXPECT_EQ(archive_.failure(), "no room");
  const Instant first = archive_.retry_at();
  EXPECT_GT(first, now_);
  put();
  commit();
  EXPECT_EQ(store_->commits, 1) << "it is too early";
  now_ = first;
  commit();
  EXPECT_EQ(store_->commits, 2);
  EXPECT_GT(archive_.retry_at() - now_, first - Instant{1h});
  store_->full = false;
  now_ = archive_.retry_at();
  commit();
  EXPECT_EQ(archive_.failure(), "");
  EXPECT_EQ(archive_.retry_at(), Instant::max());
  EXPECT_EQ(disk_.size(), 3U) << "both items and the desk";
}

}  // namespace
}  // namespace troupe::queue
