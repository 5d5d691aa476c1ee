// SPDX-License-Identifier: Apache-2.0
// Queues at the end of their runtime, and clients that say what is of no use.
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>

namespace troupe {
namespace {

using namespace std::chrono_literals;

TEST(QueueEndTest, AStopCancelsWhoWaits) {
  Runtime runtime{RuntimeOptions{}};
  Queue<int> queue{runtime};
  std::jthread waiter{[&] {
    const Runtime::Scope scope{runtime};
    const auto taken = queue.take();
    EXPECT_TRUE(taken.error() == Code::cancelled || taken.error() == Code::disconnected);
  }};
  (void)queue.size().value();
  const auto report = runtime.stop(10s);
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST(QueueEndTest, AnIdleQueueDoesNotDelayAStop) {
  std::string log;
  {
    RuntimeOptions options;
    options.log = [&](std::string_view line) { log += line; };
    Runtime runtime{options};
    Queue<int> queue{runtime};
    queue.put(1).value();
  }
  EXPECT_EQ(log.find("still open"), std::string::npos) << log;
}

TEST(QueueEndTest, GarbageEndsItsClientAndNobodyElse) {
  harness::TemporaryDirectory directory;
  Runtime& runtime = *Runtime::current();
  const Address address{"unix:" + directory.file("queue")};
  auto queue = Queue<int>::create(runtime, address).value();
  for (const std::string_view garbage :
       {"", "hello", "\x01\x02\x03", "\xff\xff\xff\xff\xff", "\x01\x96", "\x08\x05"}) {
    auto client = connect(runtime, address).value();
    client.send_bytes(std::as_bytes(std::span{garbage})).value();
    const auto answer = client.receive_bytes(10s);
    EXPECT_TRUE(answer || answer.error() == Code::closed || answer.error() == Code::disconnected);
  }
  auto healthy = Queue<int>::open(runtime, address).value();
  healthy.put(1).value();
  EXPECT_EQ(queue.get(10s).value(), 1);
}

}  // namespace
}  // namespace troupe
