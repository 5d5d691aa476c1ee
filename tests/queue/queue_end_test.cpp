// SPDX-License-Identifier: Apache-2.0
// Queues at the end of their runtime, and clients that say what is of no use.
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

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

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const std::byte each : bytes) {
    const auto number = std::to_integer<unsigned>(each);
    text += "0123456789abcdef"[number / 16];
    text += "0123456789abcdef"[number % 16];
  }
  return text;
}

void say(Connection& client, const std::vector<unsigned>& bytes) {
  Bytes frame;
  for (const unsigned each : bytes) {
    frame.push_back(static_cast<std::byte>(each));
  }
  client.send_bytes(frame).value();
}

// The example in docs/wire-protocol.md#queues.
TEST(QueueWireTest, TheBytesAreThoseOfTheDocument) {
  harness::TemporaryDirectory directory;
  Runtime& runtime = *Runtime::current();
  const Address address{"unix:" + directory.file("queue")};
  auto queue = Queue<std::string>::create(runtime, address).value();
  auto client = connect(runtime, address).value();
  Encoded hello;
  Writer writer{hello};
  queue::begin(writer, queue::Frame::hello);
  queue::Hello its;
  its.magic = "troupe-queue";
  its.version = 1;
  writer.value(its);
  client.send_message(hello, 10s).value();
  EXPECT_EQ(hex(client.receive_bytes(10s).value()).substr(0, 2), "02");
  say(client, {0x0b, 0x94, 1, 3, 1, 3});  // want
  EXPECT_EQ(hex(client.receive_bytes(10s).value()), "210103");
  say(client, {0x08, 0xa2, 0x68, 0x69});
  EXPECT_EQ(hex(client.receive_bytes(10s).value()), "2001");
  say(client, {0x0d, 0x01});
  EXPECT_EQ(hex(client.receive_bytes(10s).value()), "23010000c2a26869");
  say(client, {0x0f, 0x01, 0x01});
  queue.join(10s).value();
}

}  // namespace
}  // namespace troupe
