// SPDX-License-Identifier: Apache-2.0
// Queues between processes that may be killed.
#include "harness/repetition.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

Runtime& runtime() {
  return *Runtime::current();
}

struct Line {
  std::uint64_t number = 0;
  std::string text;
};
struct Length {
  std::uint64_t number = 0;
  std::uint64_t length = 0;
};

void put_numbers(Queue<int> queue, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    queue.put(i).value();
  }
}

// QU-13, QU-14: its last puts are with the owner when the process has ended.
TEST(QueueProcessTest, AChildThatEndsHasPutAllThatItPut) {
  Queue<int> queue{runtime()};
  for (int i = 0; i < 10; ++i) {
    queue.put(i).value();
  }
  Process child{runtime(), put_numbers, queue, 10, 500};
  ASSERT_TRUE(child.join().value().ok());
  EXPECT_EQ(queue.size().value(), 510U);
  for (int i = 0; i < 510; ++i) {
    ASSERT_EQ(queue.get().value(), i);
  }
}

// W7: more than any pipe holds is put, and nobody takes: the child waits for room, not for ever.
TEST(QueueProcessTest, AChildWhoseQueueIsFullIsJoinedOnceSomebodyTakes) {
  Queue<int> queue{runtime(), {.capacity = 10}};
  Process child{runtime(), put_numbers, queue, 0, 1000};
  EXPECT_EQ(child.join(50ms).error(), Code::timed_out);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(queue.get().value(), i);
  }
  EXPECT_TRUE(child.join().value().ok());
}

void measure(Queue<Line> in, Queue<Length> out) {
  for (auto& line : in) {
    line.emit(out, Length{line->number, line->text.size()}).value();
  }
}

TEST(QueueProcessTest, WorkersShareTheWork) {
  constexpr std::uint64_t kLines = 2000;
  Queue<Line> lines{runtime()};
  Queue<Length> lengths{runtime()};
  std::vector<Process> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back(runtime(), measure, lines, lengths);
  }
  Runtime& here = runtime();
  std::jthread producer{[&] {
    const Runtime::Scope scope{here};
    for (std::uint64_t i = 0; i < kLines; ++i) {
      lines.put({i, std::string(i % 100, 'x')}).value();
    }
    lines.close().value();
  }};
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < kLines; ++i) {
    const Length length = lengths.get().value();
    EXPECT_EQ(length.length, length.number % 100);
    EXPECT_TRUE(seen.insert(length.number).second);
  }
  for (Process& worker : workers) {
    EXPECT_TRUE(worker.join().value().ok());
  }
}

void take_and_wait(Queue<int> queue, Queue<int> told) {
  auto taken = queue.take().value();
  told.put_confirmed(*taken).value();
  ::pause();
}

// W3: a consumer that is killed with an item in hand loses nothing and blocks nobody.
TEST(QueueProcessTest, TheItemsOfAKilledConsumerAreGivenToOthers) {
  Queue<int> queue{runtime()};
  Queue<int> told{runtime()};
  queue.put(1).value();
  Process consumer{runtime(), take_and_wait, queue, told};
  EXPECT_EQ(told.get().value(), 1);
  EXPECT_EQ(queue.try_take().error(), Code::timed_out);
  consumer.kill().value();
  auto again = queue.take(10s).value();
  EXPECT_EQ(*again, 1);
  EXPECT_EQ(again.deliveries(), 2U);
  again.ack().value();
}

void die_of_seven(Queue<int> queue, Queue<int> done) {
  for (auto& each : queue) {
    if (*each == 7) {
      (void)::kill(::getpid(), SIGKILL);
    }
    each.emit(done, *each).value();
  }
}

TEST(QueueProcessTest, OnePoisonItemTakesNotAllWorkersAndEndsAsADeadLetter) {
  constexpr int kItems = 200;
  Queue<int> queue{runtime()};
  Queue<int> done{runtime()};
  for (int i = 0; i < kItems; ++i) {
    queue.put(i).value();
  }
  queue.close().value();
  int killed = 0;
  for (;;) {
    Process worker{runtime(), die_of_seven, queue, done};
    const Exit exit = worker.join().value();
    if (exit.ok()) {
      break;
    }
    ASSERT_EQ(exit.signal, SIGKILL);
    ASSERT_LT(++killed, 10);
  }
  EXPECT_EQ(killed, 3);
  std::set<int> seen;
  for (int i = 0; i < kItems - 1; ++i) {
    EXPECT_TRUE(seen.insert(done.get(10s).value()).second);
  }
  EXPECT_FALSE(seen.contains(7));
  EXPECT_EQ(queue.dead_letters().value().get(10s).value().item, 7);
}

// Workers are killed at random; what they emit is there once for each line.
TEST(QueueProcessTest, RandomKillsLoseNothingAndDoubleNothing) {
  auto chance = harness::chance();
  const int kills = harness::kills();
  Queue<Line> lines{runtime(), {.deliveries = 1000}};
  Queue<Length> lengths{runtime(), {.capacity = 50}};
  std::atomic<bool> enough{false};
  std::uint64_t put = 0;
  Runtime& here = runtime();
  std::jthread producer{[&] {
    const Runtime::Scope scope{here};
    while (!enough) {
      lines.put({put++, "text"}).value();
    }
    lines.close().value();
  }};
  std::jthread killer{[&] {
    const Runtime::Scope scope{here};
    std::vector<Process> workers;
    for (int i = 0; i < 3; ++i) {
      workers.emplace_back(runtime(), measure, lines, lengths);
    }
    for (int i = 0; i < kills; ++i) {
      Process& victim = workers[chance() % workers.size()];
      (void)victim.join(std::chrono::microseconds{chance() % 20'000});
      victim.kill().value();
      (void)victim.join().value();
      victim = Process{runtime(), measure, lines, lengths};
    }
    enough = true;
    for (Process& worker : workers) {
      EXPECT_TRUE(worker.join().value().ok());
    }
    lengths.close().value();
  }};
  std::set<std::uint64_t> seen;
  for (auto& length : lengths) {
    EXPECT_TRUE(seen.insert(length->number).second) << length->number;
  }
  producer.join();
  killer.join();
  EXPECT_EQ(seen.size(), put);
  EXPECT_EQ(lines.stats().value().dead, 0U);
}

// What a producer was told that the owner has is there, and nothing twice.
void put_until_killed(Queue<int> queue, Queue<int> confirmed, int first) {
  for (int i = first;; ++i) {
    queue.put_confirmed(i).value();
    confirmed.put_confirmed(i).value();
  }
}

TEST(QueueProcessTest, WhatAKilledProducerHadConfirmedIsThere) {
  auto chance = harness::chance();
  Queue<int> queue{runtime(), {.capacity = 1'000'000}};
  Queue<int> confirmed{runtime(), {.capacity = 1'000'000}};
  for (int round = 0; round < 5; ++round) {
    Process producer{runtime(), put_until_killed, queue, confirmed, round * 100'000};
    (void)producer.join(std::chrono::microseconds{20'000 + chance() % 20'000});
    producer.kill().value();
    (void)producer.join().value();
  }
  queue.close().value();
  confirmed.close().value();
  std::set<int> there;
  for (auto& each : queue) {
    EXPECT_TRUE(there.insert(*each).second);
  }
  for (auto& each : confirmed) {
    EXPECT_TRUE(there.contains(*each)) << *each;
  }
}

void own(Queue<Queue<int>> told) {
  Queue<int> mine{runtime()};
  mine.put(5).value();
  told.put_confirmed(mine).value();
  ::pause();
}

TEST(QueueProcessTest, AKilledOwnerIsAnErrorAndNeverAnEnd) {
  Queue<Queue<int>> told{runtime()};
  Process owner{runtime(), own, told};
  Queue<int> theirs = told.get().value();
  EXPECT_EQ(theirs.get().value(), 5);
  owner.kill().value();
  EXPECT_EQ(theirs.take().error(), Code::disconnected);
  EXPECT_EQ(theirs.put(1).error(), Code::disconnected);
}

bool is_stopped(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return text.substr(text.rfind(')') + 1, 2) == " T";
}

// Puts 3 while the owner of `out` stands still.
void put_into_nothing(Process& owner, const Queue<int>& out) {
  for (;;) {
    out.put(1).value();
    out.put_confirmed(2).value();  // there is room for one more, for a while
    owner.signal(SIGSTOP).value();
    while (!is_stopped(owner.pid())) {
      std::this_thread::yield();
    }
    if (out.put(3, 5ms)) {
      return;
    }
    owner.signal(SIGCONT).value();
  }
}

TEST(QueueProcessTest, WhatBroughtAnOutputThatIsLostIsRedoneAndNothingElse) {
  Queue<Queue<int>> told{runtime()};
  Process owner{runtime(), own, told};
  const Queue<int> out = told.get().value();
  Queue<int> in{runtime(), {.retry_delay = 0ms}};
  in.put_many({1, 2}).value();
  auto taken = in.take(10s).value();
  put_into_nothing(owner, out);
  taken.ack().value();
  owner.kill().value();
  (void)owner.join().value();
  for (const auto& [number, deliveries] : {std::pair{2, 1U}, std::pair{1, 2U}}) {
    auto next = in.take(10s).value();
    EXPECT_EQ(*next, number);
    EXPECT_EQ(next.deliveries(), deliveries);
    next.ack().value();
  }
  EXPECT_TRUE(in.join(10s));
}

void put_more_than_fits(Queue<std::string> queue) {
  const std::string text(1000, 'x');
  while (queue.put(text)) {
  }
}

// W29
TEST(QueueProcessTest, AProducerThatIsTooFastIsHeldAtTheBound) {
  Queue<std::string> queue{runtime(), {.capacity = 1'000'000, .capacity_bytes = 1'000'000}};
  Process producer{runtime(), put_more_than_fits, queue};
  std::uint64_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(queue.get().value().size(), 1000U);
    if (i % 100 == 0) {
      most = std::max(most, queue.stats().value().bytes);
    }
  }
  EXPECT_LE(most, 1'000'000U);
  producer.kill().value();
}

void leave_in_hand(Queue<int> queue, Queue<int> told) {
  auto taken = queue.take().value();
  told.put_confirmed(*taken).value();
}

TEST(QueueProcessTest, WhatABodyLeavesUnfinishedAtItsReturnComesBackAtOnce) {
  Queue<int> queue{runtime()};
  Queue<int> told{runtime()};
  queue.put(3).value();
  Process child{runtime(), leave_in_hand, queue, told};
  EXPECT_EQ(told.get().value(), 3);
  ASSERT_TRUE(child.join().value().ok());
  EXPECT_EQ(queue.get(10s).value(), 3);
}

void loop_slowly(Queue<int> queue, Queue<int> told) {
  int count = 0;
  for (auto& each : queue) {
    if (++count == 600) {
      told.put_confirmed(*each).value();
      ::pause();
    }
  }
}

// A worker that fetches in advance and then stands still keeps one item, and no more.
TEST(QueueProcessTest, WhatAStuckWorkerHasFetchedInAdvanceGoesToOthers) {
  Queue<int> queue{runtime()};
  Queue<int> told{runtime()};
  for (int i = 0; i < 1000; ++i) {
    queue.put(i).value();
  }
  Process stuck{runtime(), loop_slowly, queue, told};
  const int kept = told.get().value();
  std::set<int> rest;
  for (int i = 0; i < 400; ++i) {
    rest.insert(queue.get(10s).value());
  }
  EXPECT_EQ(rest.size(), 400U);
  EXPECT_FALSE(rest.contains(kept));
  stuck.kill().value();
  EXPECT_EQ(queue.get(10s).value(), kept);
}

}  // namespace
}  // namespace troupe
