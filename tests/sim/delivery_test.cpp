// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Number {
  int sender, number;
};
struct Go {
  int sender, count;
};
struct Sink {
  std::vector<Number>* numbers;
  std::vector<Instant>* times;
  void handle(Number number, const Context& context) const {
    numbers->push_back(number);
    times->push_back(context.now());
  }
};
struct Source {
  Ref<Sink> sink;
  void handle(Go go) const {
    for (int i = 0; i < go.count; ++i) {
      sink.send(Number{go.sender, i});
    }
  }
};

struct Received {
  std::vector<Number> numbers;
  std::vector<Instant> times;
};

Received two_sources(std::uint64_t seed, const sim::WorldOptions& options = {}) {
  Received received;
  sim::World world{seed, options};
  Runtime& node = world.node("node");
  const auto sink = node.spawn<Sink>(&received.numbers, &received.times);
  for (int sender = 0; sender < 2; ++sender) {
    node.spawn<Source>(sink).send(Go{sender, 5});
  }
  EXPECT_TRUE(world.run_until_idle());
  return received;
}

TEST(DeliveryTest, MessagesOfOneSenderKeepTheirOrderAndThoseOfTwoDoNot) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Received received = two_sources(seed);
    ASSERT_EQ(received.numbers.size(), 10U);
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): an int says which
    int next[2] = {0, 0};
    std::string order;
    for (const Number& each : received.numbers) {
      ASSERT_EQ(each.number, next[each.sender]++) << "seed " << seed;
      order += each.sender == 0 ? 'a' : 'b';
    }
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 10U);  // of 252
}

TEST(DeliveryTest, EachMessageTakesATimeWithinTheBounds) {
  const auto begin = sim::World{1}.now();
  const Received received =
      two_sources(1, {.delivery = {.delay_least = 2ms, .delay_most = 3ms}, .node = {}});
  for (const Instant time : received.times) {
    EXPECT_GE(time - begin, 4ms);  // to the source, and on
    EXPECT_LE(time - begin, 6ms);
  }
}

TEST(DeliveryTest, WithoutDelaysTheSeedStillSaysWhoRunsNext) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    sim::World world{seed, {.delivery = {}, .node = {}}};
    const auto begin = world.now();
    Received received;
    Runtime& node = world.node("node");
    const auto sink = node.spawn<Sink>(&received.numbers, &received.times);
    for (int sender = 0; sender < 4; ++sender) {
      node.spawn<Source>(sink).send(Go{sender, 1});
    }
    EXPECT_TRUE(world.run_until_idle());
    EXPECT_EQ(world.now(), begin);
    std::string order;
    for (const Number& each : received.numbers) {
      order += static_cast<char>('a' + each.sender);
    }
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 10U);  // of 24
}

}  // namespace
}  // namespace troupe::test
