// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/queue_select.hpp"

#include "harness/temporary_directory.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

const auto kNever = [](const auto&...) { ADD_FAILURE() << "this case was not ready"; };

// A client elsewhere has its own connection: the owner is one process with it only by chance.
class QueueSelectTest : public testing::TestWithParam<std::string> {
 protected:
  QueueSelectTest() {
    if (GetParam() == "inproc") {
      ours_ = theirs_ = Queue<int>{runtime_};
      return;
    }
    const std::string place = GetParam() == "tcp"   ? "tcp://127.0.0.1:0/numbers"
                              : GetParam() == "shm" ? "shm://numbers-" + std::to_string(::getpid())
                                                    : "unix:" + directory_.file("numbers");
    theirs_ = Queue<int>::create(runtime_, place).value();
    ours_ = Queue<int>::open(runtime_, theirs_.address()).value();
  }

  Runtime runtime_{RuntimeOptions{.workers = 1}};
  harness::TemporaryDirectory directory_;
  Queue<int> ours_;
  Queue<int> theirs_;
};

TEST_P(QueueSelectTest, GivesADeliveryThatIsFinishedByItsAcknowledgement) {
  theirs_.put_confirmed(7).value();
  int seen = 0;
  select(runtime_,
         on(ours_,
            [&](Delivery<int> delivery) {
              seen = *delivery;
              return delivery.ack();
            }),
         after(10s, kNever))
      .value();
  EXPECT_EQ(seen, 7);
  theirs_.close().value();
  theirs_.join(10s).value();  // it is finished
  EXPECT_EQ(select(runtime_, on(ours_, kNever), after(10s, kNever)).error(), Code::closed);
}

TEST_P(QueueSelectTest, WaitsForAnItemAndForTheTime) {
  bool late = false;
  select(runtime_, on(ours_, kNever), after(20ms, [&] { late = true; })).value();
  EXPECT_TRUE(late);
  std::jthread producer{[this] {
    for (int i = 0; i < 100; ++i) {
      theirs_.put(i).value();
      if (i % 10 == 0) {
        std::this_thread::sleep_for(2ms);
      }
    }
  }};
  for (int i = 0; i < 100; ++i) {
    select(runtime_,
           on(ours_,
              [&](Delivery<int> delivery) {
                EXPECT_EQ(*delivery, i);
                return delivery.ack();
              }),
           after(10s, kNever))
        .value();
  }
}

// What another thread of the process receives for all is heard of here.
TEST_P(QueueSelectTest, SharesTheHandleWithOneWhoTakes) {
  constexpr int kItems = 2000;
  std::vector<int> taken;
  std::jthread other{[&] {
    while (auto item = ours_.get(10s)) {
      taken.push_back(*item);
    }
  }};
  std::jthread producer{[this] {
    for (int i = 0; i < kItems; ++i) {
      theirs_.put(i).value();
    }
    theirs_.close().value();
  }};
  std::vector<int> selected;
  Result<void> more;
  while (more) {
    more = select(runtime_,
                  on(ours_,
                     [&](Delivery<int> delivery) {
                       selected.push_back(*delivery);
                       return delivery.ack();
                     }),
                  after(10s, kNever));
  }
  EXPECT_EQ(more.error(), Code::closed);
  other.join();
  std::set<int> all{taken.begin(), taken.end()};
  all.insert(selected.begin(), selected.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kItems));
  EXPECT_EQ(taken.size() + selected.size(), static_cast<std::size_t>(kItems));
}

TEST_P(QueueSelectTest, WhatComesWhenNobodySelectsAnyMoreGoesToOthers) {
  if (GetParam() == "inproc") {
    return;  // there all handles are one client
  }
  select(runtime_, on(ours_, kNever), after(Duration{}, [] {})).value();  // leaves an order
  theirs_.put_confirmed(1).value();
  EXPECT_EQ(theirs_.get(5s).value(), 1);
}

TEST_P(QueueSelectTest, IsOneOfSeveralSources) {
  Queue<std::string> words{runtime_, {.deliveries = 1'000'000}};
  for (int i = 0; i < 50; ++i) {
    theirs_.put(i).value();
    words.put("word").value();
  }
  int numbers = 0;
  int strings = 0;
  while (numbers < 50 || strings == 0) {
    select(on(ours_,
              [&](Delivery<int> delivery) {
                ++numbers;
                return delivery.ack();
              }),
           on(words,
              [&](const Result<Delivery<std::string>>& delivery) {
                EXPECT_TRUE(delivery.has_value());
                ++strings;  // and it is dropped: given back
              }),
           after(10s, kNever))
        .value();
  }
  EXPECT_GT(words.size().value(), 0U);
  EXPECT_EQ(words.stats().value().finished, 0U);
  words = {};
  EXPECT_EQ(select(runtime_, on(words, kNever)).error(), Code::closed);  // an empty handle
}

INSTANTIATE_TEST_SUITE_P(Over, QueueSelectTest, testing::Values("inproc", "shm", "unix", "tcp"),
                         [](const auto& its) { return its.param; });

}  // namespace
}  // namespace troupe
