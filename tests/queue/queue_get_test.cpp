// SPDX-License-Identifier: Apache-2.0
// Gets that follow each other quickly fetch some in advance, and keep them from nobody.
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace troupe {
namespace {

using namespace std::chrono_literals;

class QueueGetTest : public testing::Test {
 protected:
  // Two that share a queue of the numbers below `count`, by connections of their own.
  void share(int count) {
    for (int i = 0; i < count; ++i) {
      own_.put(i).value();
    }
    own_.flush().value();
  }
  void get(const Queue<int>& from, int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(seen_.insert(from.get(60s).value()).second);
    }
  }

  harness::TemporaryDirectory directory_;
  Runtime& runtime_ = *Runtime::current();
  Queue<int> own_ =
      Queue<int>::create(runtime_, "unix:" + directory_.file("numbers"), {.capacity = 4000})
          .value();
  Queue<int> first_ = Queue<int>::open(runtime_, own_.address()).value();
  Queue<int> second_ = Queue<int>::open(runtime_, own_.address()).value();
  std::set<int> seen_;
};

TEST_F(QueueGetTest, WhatOneHasFetchedAndDoesNotTakeIsTheOthers) {
  constexpr int kItems = 2000;
  share(kItems);
  get(first_, 500);
  get(second_, kItems - 500);
  EXPECT_EQ(seen_.size(), kItems);
  EXPECT_EQ(second_.stats().value().ready, 0U);
}

TEST_F(QueueGetTest, WhoTakesOnlyNowAndThenFindsWhatIsLeft) {
  share(300);
  get(first_, 100);
  get(second_, 100);
  get(first_, 100);
  EXPECT_EQ(first_.try_get().error(), Code::timed_out);
  own_.put(1000).value();
  get(second_, 1);
}

TEST_F(QueueGetTest, WhatIsFetchedIsInTheQueueForWhoAsksHowMuchIs) {
  share(300);
  get(first_, 100);
  EXPECT_EQ(first_.size().value(), 200U);
  EXPECT_EQ(first_.peek(1).value().size(), 1U);
  while (first_.size().value() > 0) {
    get(first_, 1);
  }
  EXPECT_EQ(seen_.size(), 300U);
}

TEST_F(QueueGetTest, TheEndComesOnceAllIsTaken) {
  share(100);
  own_.close().value();
  get(first_, 60);
  get(second_, 40);
  EXPECT_EQ(first_.get(60s).error(), Code::closed);
  EXPECT_EQ(second_.get(60s).error(), Code::closed);
}

}  // namespace
}  // namespace troupe
