// SPDX-License-Identifier: Apache-2.0
// Places of actors are used again, and a handle to who was there reaches nobody.
#include "actor/support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

class Counting final {
 public:
  using Accepts = Protocol<long(int), long(Read)>;
  long handle(int number) { return sum_ += number; }
  long handle(Read /*read*/) { return sum_; }

 private:
  long sum_ = 0;
};

void stop_and_wait(const Runtime& runtime, const Ref<Counting>& actor) {
  actor.stop();
  wait_until([&] { return !is_alive(runtime, actor); });
}

std::size_t place_of(const ActorId& id) {
  return static_cast<std::uint32_t>(id.number);
}

TEST(PlaceTest, AHandleToWhoWasThereBeforeIsClosed) {
  Runtime runtime{workers(1)};
  const auto before = runtime.spawn<Counting>();
  stop_and_wait(runtime, before);
  Ref<Counting> after = runtime.spawn<Counting>();
  while (place_of(after.id()) != place_of(before.id())) {
    after = runtime.spawn<Counting>();
  }
  EXPECT_NE(after.id(), before.id());
  EXPECT_EQ(before.send(1).code(), Code::closed);
  EXPECT_EQ(before.ask(1).error(), Code::closed);
  EXPECT_EQ(before.ask_async(1).get().error(), Code::closed);
  before.stop();
  EXPECT_EQ(after.ask(Read{}).value(), 0) << "nothing of it was delivered";
  EXPECT_EQ(stats_of(runtime, after).dropped, 0) << "nor counted as its drops";
}

TEST(PlaceTest, MessagesToActorsThatEndReachNobodyElse) {
  Runtime runtime{workers(2)};
  for (int round = 0; round < scaled(2000); ++round) {
    const auto old = runtime.spawn<Counting>();
    std::jthread sender{[&] {
      while (old.send(1)) {
      }
    }};
    old.stop();
    const auto next = runtime.spawn<Counting>();
    sender.join();
    ASSERT_EQ(next.ask(Read{}).value(), 0);
    next.stop();
  }
}

TEST(PlaceTest, AsksOfActorsThatEndAllEnd) {
  Runtime runtime{workers(2)};
  int answered = 0;
  for (int round = 0; round < scaled(2000); ++round) {
    const auto old = runtime.spawn<Counting>();
    std::jthread stopper{[&] { old.stop(); }};
    const auto answer = old.ask(1);
    answered += answer ? 1 : 0;
    if (!answer) {
      ASSERT_EQ(answer.error(), Code::closed);
    }
  }
  EXPECT_GE(answered, 0);
}

std::size_t resident_pages() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident;
}

// Monitors one that lives, and ends.
class Passer final {
 public:
  void handle(Ref<Counting> other, Context& context) {
    context.monitor(other);
    context.stop();
  }
};

TEST(PlaceTest, AnActorThatLivesKeepsNothingOfThoseThatMonitoredIt) {
  const int count = scaled(10'000);
  Runtime runtime{workers(1)};
  const auto watched = runtime.spawn<Counting>();
  const auto round = [&] {
    for (int i = 0; i < count; ++i) {
      runtime.spawn<Passer>().send(watched);
      if (i % 100 == 0) {
        ASSERT_TRUE(watched.ask(1));
      }
    }
    wait_until([&] { return runtime.stats().gauges.at("troupe_actors") == 1; });
    ASSERT_TRUE(watched.ask(1));
  };
  round();
  const std::size_t before = resident_pages();
  for (int i = 0; i < 20; ++i) {
    round();
  }
  if (!harness::kSanitized) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_LT((resident_pages() - std::min(before, resident_pages())) * page,
              std::size_t{16} << 20);
  }
}

TEST(PlaceTest, SpawningAndStoppingTakesNoMemoryInTheEnd) {
  const int count = scaled(100'000);
  Runtime runtime{workers(2)};
  const auto round = [&] {
    std::vector<Ref<Counting>> actors;
    for (int i = 0; i < count; ++i) {
      actors.push_back(runtime.spawn<Counting>());
    }
    std::size_t last = 0;
    for (const auto& actor : actors) {
      last = std::max(last, place_of(actor.id()));
      actor.stop();
    }
    wait_until([&] { return runtime.stats().gauges.at("troupe_actors") == 0; });
    return last;
  };
  (void)round();
  (void)round();
  const std::size_t before = resident_pages();
  std::size_t places = 0;
  for (int i = 0; i < 8; ++i) {
    places = std::max(places, round());
  }
  EXPECT_EQ(runtime.stats().counters.at("troupe_actors_spawned_total"),
            static_cast<std::uint64_t>(count) * 10);
  EXPECT_LT(places, static_cast<std::size_t>(count) * 2) << "the same places";
  if (!harness::kSanitized) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_LT((resident_pages() - std::min(before, resident_pages())) * page,
              std::size_t{64} << 20);
  }
}

TEST(PlaceTest, OneActorAtATimeUsesFewPlaces) {
  Runtime runtime{workers(1)};
  for (int i = 0; i < 2000; ++i) {
    const auto actor = runtime.spawn<Counting>();
    ASSERT_EQ(actor.ask(2).value(), 2);
    ASSERT_LT(place_of(actor.id()), 500U);
    stop_and_wait(runtime, actor);
  }
}

}  // namespace
}  // namespace troupe::actor_test
