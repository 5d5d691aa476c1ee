// SPDX-License-Identifier: Apache-2.0
// Two publishers, and readers that are fast, slow, or end.
#include "harness/repetition.hpp"
#include "harness/sanitized.hpp"
#include "troupe/runtime/actor/topic.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

constexpr int kPublishers = 2;
const int kEach = harness::messages(harness::kSanitized ? 2'000 : 20'000);

struct Item {
  int publisher = 0;
  int number = 0;
};
struct Fetch {};

// What a reader has seen: whether each publisher's are in order, and how many there were.
struct Seen {
  std::array<int, kPublishers> last{-1, -1};
  std::uint64_t count = 0;
  std::uint64_t missed = 0;

  void see(const Item& item) {
    int& last_one = last.at(static_cast<std::size_t>(item.publisher));
    EXPECT_GT(item.number, last_one);
    last_one = item.number;
    ++count;
  }
  std::uint64_t all() const { return count + missed; }
};

Seen read(Stream<Item>& stream, int pause, int at_most) {
  Seen seen;
  for (Result<Item>& item : stream) {
    if (item) {
      seen.see(*item);
    } else {
      EXPECT_EQ(item.error(), Code::overloaded);
      const std::string text = item.error().what();
      seen.missed += std::strtoull(text.c_str() + std::string{"missed "}.size(), nullptr, 10);
    }
    if (seen.count == static_cast<std::uint64_t>(at_most)) {
      break;
    }
    if (pause > 0 && seen.count % 8 == 0) {
      for (int i = 0; i < pause; ++i) {
        std::this_thread::yield();
      }
    }
  }
  return seen;
}

class Counting {
 public:
  void handle(Item item) { seen_.see(item); }
  void handle(Missed missed) { seen_.missed += missed.count; }
  Seen handle(Fetch) { return seen_; }

 private:
  Seen seen_;
};

// An actor that publishes by itself.
struct Go {};
class Publisher {
 public:
  Publisher(Topic<Item> topic, int number) : topic_(std::move(topic)), number_(number) {}
  Result<void> handle(Go) {
    for (int i = 0; i < kEach; ++i) {
      if (auto published = topic_.publish({number_, i}); !published) {
        return published;
      }
    }
    return {};
  }

 private:
  Topic<Item> topic_;
  int number_;
};

class TopicStressTest : public testing::TestWithParam<SlowReader> {
 protected:
  void run(bool publishers_are_actors) {
    Runtime runtime{RuntimeOptions{.workers = 2, .ask_timeout = std::chrono::hours{1}}};
    auto topic = std::make_unique<Topic<Item>>(runtime, GetParam(), TopicOptions{.capacity = 16});
    const auto actor = runtime.spawn_with<Counting>({.name = {}, .mailbox = {.capacity = 8}});
    topic->deliver_to(actor);
    Seen fast;
    Seen slow;
    std::atomic<bool> done{false};
    std::vector<std::jthread> readers;
    readers.emplace_back(
        [&, stream = topic->subscribe()]() mutable { fast = read(stream, 0, -1); });
    readers.emplace_back(
        [&, stream = topic->subscribe()]() mutable { slow = read(stream, 3, -1); });
    std::jthread dying{[&, its = Topic<Item>{*topic}]() mutable {
      while (!done.load()) {
        Stream<Item> stream = its.subscribe();
        const auto mortal = runtime.spawn_with<Counting>({.name = {}, .mailbox = {.capacity = 2}});
        its.deliver_to(mortal);
        for (int i = 0; i < 10 && !done.load(); ++i) {
          (void)stream.next(std::chrono::milliseconds{1});
        }
        mortal.stop();
        EXPECT_FALSE(mortal.ask(Fetch{}));  // once it has ended
      }
    }};
    publish(runtime, *topic, publishers_are_actors);
    done.store(true);
    dying.join();
    topic.reset();
    readers.clear();
    const auto all = static_cast<std::uint64_t>(kPublishers) * static_cast<std::uint64_t>(kEach);
    const Seen of_actor = actor.ask(Fetch{}).value();
    for (const Seen& seen : {fast, slow, of_actor}) {
      EXPECT_EQ(seen.all(), all);
      if (GetParam() == SlowReader::gated) {
        EXPECT_EQ(seen.missed, 0U);
      }
    }
  }

 private:
  static void publish(Runtime& runtime, const Topic<Item>& topic, bool are_actors) {
    std::vector<std::jthread> threads;
    std::vector<Future<void>> asked;
    std::vector<Ref<Publisher>> actors;
    for (int p = 0; p < kPublishers; ++p) {
      if (are_actors) {
        actors.push_back(runtime.spawn<Publisher>(topic, p));
        asked.push_back(actors.back().ask_async(Go{}));
      } else {
        threads.emplace_back([&topic, p] {
          for (int i = 0; i < kEach; ++i) {
            EXPECT_TRUE(topic.publish({p, i}));
          }
        });
      }
    }
    for (auto& each : asked) {
      EXPECT_TRUE(each.get());
    }
    for (const auto& each : actors) {
      each.stop();  // it has a handle of the topic
      EXPECT_FALSE(each.ask(Go{}));
    }
  }
};

TEST_P(TopicStressTest, EveryReaderGetsOrMissesEachMessageOfTwoThreadsInOrder) {
  run(false);
}

TEST_P(TopicStressTest, EveryReaderGetsOrMissesEachMessageOfTwoActorsInOrder) {
  run(true);
}

INSTANTIATE_TEST_SUITE_P(Both, TopicStressTest,
                         testing::Values(SlowReader::lossy, SlowReader::gated),
                         [](const auto& its) {
                           return its.param == SlowReader::lossy ? "Lossy" : "Gated";
                         });

}  // namespace
}  // namespace troupe
