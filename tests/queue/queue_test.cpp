// SPDX-License-Identifier: Apache-2.0
// Queues within one process.
#include "troupe/runtime/queue/queue.hpp"

#include "harness/test_runtime.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

struct Job {
  std::uint64_t number = 0;
  std::string text;
};

class QueueTest : public testing::Test {
 protected:
  Runtime runtime_{RuntimeOptions{}};
};

// QU-01, QU-02, QU-08, QU-09, QU-15
TEST_F(QueueTest, ItemsComeInTheOrderInWhichTheyWerePut) {
  Queue<Job> queue{runtime_};
  EXPECT_EQ(queue.size().value(), 0U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    queue.put({i, "job"}).value();
  }
  EXPECT_EQ(queue.size().value(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(queue.get().value().number, i);
  }
  EXPECT_EQ(queue.size().value(), 0U);
}

// QU-03, QU-04, QU-05, QU-07
TEST_F(QueueTest, AFullQueueTakesNothingUntilSomethingIsFinished) {
  Queue<int> queue{runtime_, {.capacity = 2}};
  queue.put(1).value();
  queue.try_put(2).value();
  EXPECT_EQ(queue.try_put(3).error(), Code::overloaded);
  EXPECT_EQ(queue.put(3, 20ms).error(), Code::timed_out);
  auto taken = queue.take().value();
  EXPECT_EQ(queue.try_put(3).error(), Code::overloaded);  // in work is not finished
  taken.ack().value();
  queue.put(3).value();
  EXPECT_EQ(queue.get().value(), 2);
  EXPECT_EQ(queue.get().value(), 3);
}

// QU-10, QU-11, QU-12, QU-18
TEST_F(QueueTest, AnEmptyQueueGivesNothing) {
  Queue<int> queue{runtime_};
  EXPECT_EQ(queue.try_get().error(), Code::timed_out);
  const auto before = Clock::system().now();
  EXPECT_EQ(queue.get(30ms).error(), Code::timed_out);
  EXPECT_GE(Clock::system().now() - before, 30ms);
  queue.put(7).value();
  EXPECT_EQ(queue.try_get().value(), 7);
}

// W8
TEST_F(QueueTest, WhatWasPutIsSeenAtOnceByWhoAsks) {
  Queue<int> queue{runtime_, {.capacity = 1000}};
  for (int i = 0; i < 1000; ++i) {
    queue.put(i).value();
    ASSERT_EQ(queue.size().value(), static_cast<std::size_t>(i + 1));
  }
}

// W9, QU-19, QU-20
TEST_F(QueueTest, AnItemIsEncodedByTheCallAndKeptWhereItIsRefused) {
  Queue<std::string> queue{runtime_, {.capacity = 1, .capacity_bytes = 100}};
  std::string large(1000, 'x');
  const auto refused = queue.put(std::move(large));
  EXPECT_EQ(refused.error(), Code::invalid_argument);
  EXPECT_EQ(large.size(), 1000U);  // NOLINT(bugprone-use-after-move): it was not taken
  std::string text = "before";
  queue.put(text).value();
  text = "after";
  EXPECT_EQ(queue.get().value(), "before");
}

TEST_F(QueueTest, ADeliveryThatIsDroppedIsGivenToTheNext) {
  Queue<int> queue{runtime_};
  queue.put(1).value();
  { auto dropped = queue.take().value(); }
  auto again = queue.take().value();
  EXPECT_EQ(*again, 1);
  EXPECT_EQ(again.deliveries(), 2U);
  again.ack().value();
  EXPECT_EQ(again.ack().error(), Code::closed);
  EXPECT_EQ(queue.stats().value().finished, 1U);
}

TEST_F(QueueTest, ALoopAcknowledgesAtEachStepAndEndsWithTheQueue) {
  Queue<int> queue{runtime_};
  for (int i = 0; i < 100; ++i) {
    queue.put(i).value();
  }
  queue.close().value();
  int next = 0;
  for (auto& each : queue) {
    EXPECT_EQ(*each, next++);
  }
  EXPECT_EQ(next, 100);
  EXPECT_EQ(queue.stats().value().finished, 100U);
}

TEST_F(QueueTest, LeavingALoopGivesBackWhatItHad) {
  Queue<int> queue{runtime_};
  for (int i = 0; i < 10; ++i) {
    queue.put(i).value();
  }
  for (auto& each : queue) {
    if (*each == 3) {
      break;
    }
  }
  std::vector<int> rest;
  for (int i = 0; i < 7; ++i) {
    rest.push_back(queue.get(10s).value());
  }
  std::ranges::sort(rest);
  EXPECT_EQ(rest, (std::vector<int>{3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(QueueTest, AnItemThatFailsTooOftenIsADeadLetterWithItsReason) {
  Queue<Job> queue{runtime_};
  queue.put({5, "bad"}).value();
  for (int i = 0; i < 3; ++i) {
    queue.take().value().give_back().value();
  }
  queue.put({6, "worse"}).value();
  queue.take().value().reject("it is worse").value();
  auto dead = queue.dead_letters().value();
  const auto first = dead.get(10s).value();
  EXPECT_EQ(first.item.number, 5U);
  EXPECT_EQ(first.deliveries, 3U);
  EXPECT_EQ(dead.get(10s).value().reason, "it is worse");
  EXPECT_EQ(queue.stats().value().dead, 2U);
}

TEST_F(QueueTest, PrioritiesAndDelaysAreKept) {
  Queue<std::string> queue{runtime_};
  queue.put_with("delayed", {.delay = 20ms, .priority = 9}).value();
  queue.put("normal").value();
  queue.put_with("urgent", {.priority = 1}).value();
  EXPECT_EQ(queue.get().value(), "urgent");
  EXPECT_EQ(queue.get().value(), "normal");
  EXPECT_EQ(queue.get().value(), "delayed");
}

TEST_F(QueueTest, ConsumeGivesBackWhatFailsAndGoesOn) {
  Queue<int> queue{runtime_, {.retry_delay = 1ms}};
  for (int i = 0; i < 10; ++i) {
    queue.put(i).value();
  }
  queue.close().value();
  int failures = 0;
  const auto consumed = queue.consume([&](int& number) -> Result<void> {
    if (number == 4 && ++failures < 3) {
      return Error::failed("not yet");
    }
    if (number == 5 && ++failures < 5) {
      throw std::runtime_error{"not yet"};
    }
    return {};
  });
  EXPECT_EQ(consumed.value().finished, 10U);
}

TEST_F(QueueTest, WhatIsEmittedAppearsWithTheAcknowledgement) {
  Queue<int> in{runtime_};
  Queue<std::string> out{runtime_};
  in.put(1).value();
  auto taken = in.take().value();
  taken.emit(out, std::string{"one"}).value();
  EXPECT_EQ(out.try_get().error(), Code::timed_out);
  taken.ack().value();
  EXPECT_EQ(out.get().value(), "one");
}

TEST_F(QueueTest, LargeItemsAreEmittedWhole) {
  Queue<int> in{runtime_};
  Queue<std::string> out{runtime_};
  in.put(1).value();
  auto taken = in.take().value();
  taken.emit(out, std::string(100'000, 'a')).value();
  taken.emit(out, std::string(100'000, 'b')).value();
  taken.ack().value();
  EXPECT_EQ(out.get().value(), std::string(100'000, 'a'));
  EXPECT_EQ(out.get().value(), std::string(100'000, 'b'));
}

TEST_F(QueueTest, WhatADroppedDeliveryWouldHaveEmittedNeverAppears) {
  Queue<int> in{runtime_};
  Queue<int> out{runtime_};
  in.put(1).value();
  {
    auto dropped = in.take().value();
    dropped.emit(out, 1).value();
  }
  for (auto& each : in) {
    each.emit(out, 2).value();
    in.close().value();
  }
  EXPECT_EQ(out.get().value(), 2);
  EXPECT_EQ(out.try_get().error(), Code::timed_out);
}

TEST_F(QueueTest, AWorkerPutsIntoTheQueueThatItTakesFrom) {
  Queue<int> queue{runtime_, {.capacity = 1}};
  queue.put(0).value();
  queue.close().value();
  int sum = 0;
  for (auto& each : queue) {
    sum += 1;
    if (*each < 5) {
      each.emit(queue, *each + 1).value();
      each.emit(queue, *each + 1).value();
    }
  }
  EXPECT_EQ(sum, 63);
}

TEST_F(QueueTest, APutThatWouldWaitForItsOwnLeaseIsRefused) {
  Queue<int> queue{runtime_, {.capacity = 1}};
  queue.put(1).value();
  auto taken = queue.take().value();
  const auto refused = queue.put(2);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_NE(std::string{refused.error().what()}.find("emit"), std::string::npos);
  taken.ack().value();
  queue.put(2).value();
}

// QU-22
TEST_F(QueueTest, AClosedQueueTakesNothingAndEndsWhenAllIsFinished) {
  Queue<int> queue{runtime_};
  queue.put(1).value();
  queue.close().value();
  EXPECT_EQ(queue.put(2).error(), Code::closed);
  auto taken = queue.take().value();
  EXPECT_EQ(queue.take(20ms).error(), Code::timed_out);  // it may come back
  taken.ack().value();
  EXPECT_EQ(queue.take().error(), Code::closed);
  queue.close().value();
}

// QU-16
TEST_F(QueueTest, JoinWaitsUntilAllIsFinished) {
  Queue<int> queue{runtime_};
  for (int i = 0; i < 20; ++i) {
    queue.put(i).value();
  }
  EXPECT_EQ(queue.join(10ms).error(), Code::timed_out);
  std::atomic<int> finished{0};
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      const Runtime::Scope scope{runtime_};
      for (auto& each : queue) {
        std::this_thread::yield();
        ++finished;
        (void)each;
      }
    });
  }
  queue.join().value();
  EXPECT_EQ(finished, 20);
  queue.close().value();
}

TEST_F(QueueTest, ManyThreadsShareAllItemsAmongThem) {
  constexpr int kItems = 20'000;
  Queue<int> queue{runtime_, {.capacity = 64}};
  std::atomic<std::int64_t> sum{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const Runtime::Scope scope{runtime_};
        for (auto& each : queue) {
          sum += *each;
        }
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < 2; ++i) {
        producers.emplace_back([&, i] {
          const Runtime::Scope scope{runtime_};
          for (int number = i; number < kItems; number += 2) {
            queue.put(number).value();
          }
        });
      }
    }
    queue.close().value();
  }
  EXPECT_EQ(sum, std::int64_t{kItems} * (kItems - 1) / 2);
}

class Worker final {
 public:
  explicit Worker(Queue<int> in, Queue<int> out) : in_(std::move(in)), out_(std::move(out)) {}

  void started(Context& context) {
    for (auto& each : in_) {
      each.emit(out_, *each * 2).value();
    }
    context.stop();
  }

 private:
  Queue<int> in_;
  Queue<int> out_;
};

TEST_F(QueueTest, ActorsTakeAndPutWithoutKeepingTheirWorker) {
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime{options};
  Queue<int> in{runtime};
  Queue<int> out{runtime};
  for (int i = 0; i < 3; ++i) {
    runtime.spawn<Worker>(in, out);
  }
  for (int i = 0; i < 100; ++i) {
    in.put(i).value();
  }
  in.close().value();
  int sum = 0;
  for (int i = 0; i < 100; ++i) {
    sum += out.get().value();
  }
  EXPECT_EQ(sum, 9900);
}

TEST_F(QueueTest, GetManyTakesWhatThereIs) {
  Queue<int> queue{runtime_};
  queue.put_many({1, 2, 3}).value();
  std::vector<int> all;
  while (all.size() < 3) {
    const auto some = queue.get_many(10).value();
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_EQ(all, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.get_many(10, 10ms).error(), Code::timed_out);
}

TEST_F(QueueTest, AnItemKeptForTooLongIsLostToWhoHadIt) {
  Queue<int> queue{runtime_, {.max_hold = 20ms}};
  queue.put(1).value();
  auto slow = queue.take().value();
  auto quick = queue.take(10s).value();
  EXPECT_EQ(quick.deliveries(), 2U);
  quick.ack().value();
  EXPECT_EQ(slow.extend(1s).error(), Code::lost);
  EXPECT_EQ(slow.ack().error(), Code::lost);
}

TEST_F(QueueTest, APrefetchedItemGoesToWhoWaitsForOne) {
  Queue<int> queue{runtime_};
  for (int i = 0; i < 1000; ++i) {
    queue.put(i).value();
  }
  std::jthread other;
  int stolen = 0;
  int own = 0;
  for (auto& each : queue) {
    ++own;
    if (*each == 500) {  // by now it fetches many in advance
      queue.close().value();
      other = std::jthread{[&] {
        const Runtime::Scope scope{runtime_};
        auto theirs = Queue<int>{queue}.take(10s);  // shares this process's client: see processes
        stolen = theirs ? 1 : 0;
        if (theirs) {
          theirs->ack().value();
        }
      }};
      other.join();
    }
  }
  EXPECT_EQ(stolen, 1);
  EXPECT_EQ(own, 999);
}

TEST_F(QueueTest, ATakeThatDoesNotWaitFindsWhatIsThere) {
  Queue<int> queue{runtime_};
  std::vector<int> items(1000);
  std::iota(items.begin(), items.end(), 0);
  queue.put_many(items).value();
  queue.flush().value();
  for (const int each : items) {
    ASSERT_EQ(queue.try_get().value(), each);
  }
  EXPECT_EQ(queue.try_take().error(), Code::timed_out);
}

TEST_F(QueueTest, ATakeThatDoesNotWaitFindsWhatIsThereAlsoAtTheFirstUse) {
  for (int i = 0; i < 20; ++i) {
    auto queue = Queue<int>::create(runtime_, "inproc://first-use/" + std::to_string(i)).value();
    Queue<int>::open(runtime_, queue.address()).value().put_confirmed(i).value();
    ASSERT_EQ(queue.try_get().value(), i);
  }
}

TEST_F(QueueTest, AnAcknowledgementBehindAPutLeavesThoughNobodyCalls) {
  auto in = Queue<int>::create(runtime_, "inproc://queue-test/in").value();
  Queue<int> out{runtime_};
  in.put(1).value();
  auto taken = in.take(10s).value();
  out.put(2).value();
  taken.ack().value();
  auto watcher = Queue<int>::open(runtime_, in.address()).value();
  EXPECT_TRUE(watcher.join(20s));
}

TEST_F(QueueTest, AnEmptyHandleIsClosed) {
  Queue<int> queue;
  EXPECT_EQ(queue.put(1).error(), Code::closed);
  EXPECT_EQ(queue.take().error(), Code::closed);
  EXPECT_EQ(queue.close().error(), Code::closed);
}

TEST_F(QueueTest, WrongOptionsAreNamed) {
  EXPECT_THROW((Queue<int>{runtime_, {.capacity = 0}}), Error);
}

}  // namespace
}  // namespace troupe
