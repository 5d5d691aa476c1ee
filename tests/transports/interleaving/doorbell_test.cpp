// SPDX-License-Identifier: Apache-2.0
// SleepWord alone: one thread publishes numbers, the other sleeps until there is another one. In
// every interleaving, with every answer that a load may get, it receives them all.
#include "transports/interleaving/bounds.hpp"
#include "transports/interleaving/explorer.hpp"
#include "transports/interleaving/model_atomic.hpp"
#include "troupe/transports/shm/sleep_word.hpp"

#include <gtest/gtest.h>

namespace troupe::interleaving {
namespace {

using Word = transports::SleepWord<ModelAtomic>;

class DoorbellTest : public testing::Test {
 protected:
  DoorbellTest() { layout_.name({"mail", "word"}); }

  // What the sleeper may do whenever it is awake.
  struct Whims {
    bool promises = false;
    bool takes_back = false;  // the promise
    bool leaves = false;      // a copy of its end goes, and another one goes on
  };

  Explored explore(bool publisher_trusts) {
    Explorer explorer{layout_,
                      {ModelThread{"publisher", [&] { publish(publisher_trusts); }},
                       ModelThread{"sleeper", [this] { receive(); }}}};
    Explored explored = explorer.explore();
    say(explored);
    return explored;
  }

  Whims whims_;
  bool get_up_makes_visible_ = true;

 private:
  void publish(bool may_trust) {
    for (std::uint64_t number = 1; number <= last_; ++number) {
      settle(number);
      mail_.store(number, std::memory_order_release);
      if (word_.look_for_sleeper(may_trust) == Word::Found::sleeper) ring();
    }
  }

  void receive() {
    for (std::uint64_t received = 0; received < last_;) {
      settle(received);
      follow_whims();
      settle(received);
      std::uint64_t found = mail_.load(std::memory_order_acquire);
      if (found == received) {
        word_.lie_down(make_all_visible);
        settle(received);
        found = mail_.load(std::memory_order_acquire);
        if (found == received) {
          settle(received);
          sleep();
        } else {
          word_.get_up(make_all_visible);
        }
      }
      received = found;
    }
  }

  void follow_whims() {
    if (whims_.promises && choose()) word_.promise();
    if (whims_.takes_back && choose()) {
      word_.get_up([this] {
        if (get_up_makes_visible_) make_all_visible();
      });
    }
    if (whims_.leaves && choose()) word_.leave();
  }

  const std::uint64_t last_ = 3 + more();
  Layout layout_;
  ModelAtomic<std::uint64_t> mail_{0};
  Word word_;
};

TEST_F(DoorbellTest, NoWakeUpIsLostWithoutPromises) {
  EXPECT_EQ(explore(false).failure, "");
  EXPECT_EQ(explore(true).failure, "");
}

TEST_F(DoorbellTest, NoWakeUpIsLostWhenAPromiseIsTrusted) {
  whims_ = {.promises = true};
  EXPECT_EQ(explore(true).failure, "");
}

TEST_F(DoorbellTest, NoWakeUpIsLostWhenAPromiseIsNotTrusted) {
  whims_ = {.promises = true};
  EXPECT_EQ(explore(false).failure, "");
}

TEST_F(DoorbellTest, NoWakeUpIsLostWhenAPromiseIsTakenBack) {
  whims_ = {.promises = true, .takes_back = true};
  EXPECT_EQ(explore(true).failure, "");
}

TEST_F(DoorbellTest, NoWakeUpIsLostWhenACopyOfTheSleepersEndGoes) {
  whims_ = {.promises = true, .takes_back = true, .leaves = true};
  EXPECT_EQ(explore(false).failure, "");
  EXPECT_EQ(explore(true).failure, "");
}

TEST_F(DoorbellTest, APromiseTakenBackUnseenWouldLoseAWakeUp) {
  whims_ = {.promises = true, .takes_back = true};
  get_up_makes_visible_ = false;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "wake-up was lost", explore(true).failure);
}

}  // namespace
}  // namespace troupe::interleaving
