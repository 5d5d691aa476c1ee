// SPDX-License-Identifier: Apache-2.0
// Looking into a queue without taking anything.
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

class QueuePeekTest : public testing::Test {
 protected:
  Runtime runtime_{RuntimeOptions{}};
};

TEST_F(QueuePeekTest, WhatWaitsIsShownAndStays) {
  Queue<std::string> queue{runtime_};
  EXPECT_TRUE(queue.peek().value().empty());
  queue.put_many({"one", "two", std::string(2U << 20U, 'x'), "four"}).value();
  queue.flush().value();
  EXPECT_EQ(queue.peek(1).value(), std::vector<std::string>{"one"});
  EXPECT_EQ(queue.peek().value(), (std::vector<std::string>{"one", "two"})) << "up to 1 MiB";
  EXPECT_EQ(queue.stats().value().ready, 4U);
  EXPECT_EQ(queue.get().value(), "one");
  EXPECT_EQ(queue.peek().value(), std::vector<std::string>{"two"});
}

TEST_F(QueuePeekTest, WhatIsInWorkOrDelayedIsNotShown) {
  Queue<int> queue{runtime_};
  queue.put(1).value();
  queue.put(2).value();
  queue.put_with(3, {.delay = 1h}).value();
  const auto held = queue.take(10s).value();
  EXPECT_EQ(queue.peek().value(), std::vector<int>{2});
}

TEST_F(QueuePeekTest, AtMostAThousandAreShown) {
  Queue<int> queue{runtime_, {.capacity = 2000}};
  queue.put_many(std::vector<int>(1500, 7)).value();
  queue.flush().value();
  EXPECT_EQ(queue.peek(100'000).value().size(), 1000U);
}

}  // namespace
}  // namespace troupe
