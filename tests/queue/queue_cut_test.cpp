// SPDX-License-Identifier: Apache-2.0
// Connections of a queue's clients are cut anywhere while its owner lives: nothing is lost, nothing
// is there twice, and there is an end; and who is really gone is known in time. TROUPE_TEST_CUTS
// sets how many cuts there are over each transport (200).
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "node/cutting_proxy.hpp"
#include "transports/tls/certificates.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using node_test::CuttingProxy;
using Numbers = Queue<std::uint64_t>;

Runtime& runtime() {
  return *Runtime::current();
}

std::jthread beside(std::function<void()> work) {
  return std::jthread{[&here = runtime(), work = std::move(work)] {
    const Runtime::Scope scope{here};
    work();
  }};
}

class QueueCutTest : public testing::TestWithParam<std::string> {
 protected:
  QueueCutTest() {
    if (GetParam() == "tls") {
      const harness::Certificate own = authority_.issue("owner");
      options_.tls = {.certificate = own.file, .private_key = own.key};
      clients_.tls.trust = authority_.file();
    }
  }
  Address address(const std::string& name) const {
    return GetParam() == "unix" ? "unix:" + directory_.file(name)
                                : GetParam() + "://127.0.0.1:0/" + name;
  }
  QueueOptions options(std::size_t capacity) const {
    return {.capacity = capacity, .connect = options_};
  }
  Numbers open(const CuttingProxy& proxy) const {
    return Numbers::open(runtime(), proxy.address(), 30s, clients_).value();
  }

  harness::TemporaryDirectory directory_;
  harness::Authority authority_{directory_.path(), "authority"};
  ConnectOptions options_;
  ConnectOptions clients_;
};

TEST_P(QueueCutTest, NothingIsLostAndNothingIsDoubledHoweverOftenTheConnectionsAreCut) {
  const auto cuts = static_cast<std::size_t>(harness::times("TROUPE_TEST_CUTS", 200));
  auto chance = harness::chance();
  const auto in = Numbers::create(runtime(), address("in"), options(50)).value();
  const auto out = Numbers::create(runtime(), address("out"), options(20)).value();
  CuttingProxy to_in{in.address()};
  CuttingProxy to_out{out.address()};
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> put{0};
  std::atomic<int> producing{2};

  std::vector<std::jthread> producers;
  for (std::uint64_t first = 0; first < 2; ++first) {
    producers.push_back(beside([&, first, mine = open(to_in)] {
      std::uint64_t number = first << 32U;
      while (!enough.load()) {
        mine.put(number++).value();
        ++put;
        if (number % 16 == 0) {
          mine.flush().value();
        }
      }
      mine.flush().value();
      --producing;
    }));
  }
  std::vector<std::jthread> consumers;
  for (int i = 0; i < 2; ++i) {
    consumers.push_back(beside([from = open(to_in), to = open(to_out)] {
      for (auto& delivery : from) {
        delivery.emit(to, *delivery).value();
      }
    }));
  }
  std::set<std::uint64_t> seen;
  std::uint64_t received = 0;
  const auto see = [&](const Result<std::uint64_t>& number) {
    if (number) {
      ++received;
      EXPECT_TRUE(seen.insert(*number).second) << *number;
    }
  };
  while (to_in.cuts() + to_out.cuts() < cuts) {
    (chance() % 3 == 0 ? to_out : to_in).cut_after(chance() % 2000);
    const auto some = chance() % 30;
    for (std::uint64_t i = 0; i <= some; ++i) {
      see(out.get(10s));
    }
  }
  enough.store(true);
  while (producing.load() > 0 || received < put.load()) {
    see(out.get(10ms));
  }
  in.close().value();
  consumers.clear();
  EXPECT_EQ(received, put.load());
  EXPECT_EQ(out.try_get().error(), Code::timed_out);
  const QueueStats stats = in.stats().value();
  EXPECT_EQ(stats.finished, put.load());
  EXPECT_EQ(stats.redelivered, 0U) << "no consumer has died";
  EXPECT_EQ(stats.dead, 0U);
}

TEST_P(QueueCutTest, WhoIsNotFoundAgainIsGoneInTime) {
  const auto queue = Numbers::create(runtime(), address("queue"), options(10)).value();
  auto proxy = std::make_unique<CuttingProxy>(queue.address());
  clients_.lost_after = 300ms;
  const Numbers there = open(*proxy);
  there.put_confirmed(1).value();
  proxy.reset();
  const auto lost = there.stats(30s);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), Code::disconnected) << lost.error().what();
  EXPECT_EQ(queue.get(10s).value(), 1U);
}

TEST_P(QueueCutTest, WhatOneHasWhoIsAwayForTooLongIsOthers) {
  options_.lost_after = 200ms;
  const auto queue = Numbers::create(runtime(), address("queue"), options(10)).value();
  auto proxy = std::make_unique<CuttingProxy>(queue.address());
  const Numbers there = open(*proxy);
  queue.put(5).value();
  auto theirs = there.take(20s).value();
  proxy.reset();
  auto ours = queue.take(20s).value();
  EXPECT_EQ(*ours, 5U);
  EXPECT_EQ(ours.deliveries(), 2U);
  ours.ack().value();
  (void)there.stats(20s);  // it is found out by now
  EXPECT_EQ(theirs.ack().error(), Code::disconnected);
}

TEST_P(QueueCutTest, AnOwnerThatEndsIsNotLookedForAgain) {
  Runtime& here = runtime();
  Runtime other{RuntimeOptions{}};
  const auto queue = Numbers::create(other, address("queue"), options(10)).value();
  const Numbers there = Numbers::open(here, queue.address(), 30s, clients_).value();
  there.put_confirmed(1).value();
  (void)other.stop();
  const auto lost = there.stats(20s);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), Code::disconnected);
  const std::string why = lost.error().what();
  EXPECT_NE(why.find("it has ended"), std::string::npos) << why;
}

INSTANTIATE_TEST_SUITE_P(Over, QueueCutTest, testing::Values("unix", "tcp", "tls"),
                         [](const auto& its) { return its.param; });

void take_and_wait(std::string from, Queue<int> taken) {
  const auto queue = Numbers::open(runtime(), from, 30s).value();
  const auto theirs = queue.take(30s).value();
  taken.put_confirmed(1).value();
  for (;;) {
    (void)queue.stats();
    std::this_thread::sleep_for(10ms);
  }
}

TEST(QueueCutEndTest, AProcessThatHasEndedIsNotWaitedFor) {
  const auto queue = Numbers::create(runtime(), "tcp://127.0.0.1:0/queue").value();
  queue.put(7).value();
  auto proxy = std::make_unique<CuttingProxy>(queue.address());
  Queue<int> taken{runtime()};
  Process child{runtime(), take_and_wait, proxy->address().text(), taken};
  (void)taken.get(20s).value();
  proxy.reset();
  child.kill().value();
  const auto again = queue.take(20s);
  ASSERT_TRUE(again) << again.error().what();
  EXPECT_EQ(again->deliveries(), 2U);
  (void)child.join().value();
}

void own(std::string url, Queue<int> made) {
  const auto queue = Numbers::create(runtime(), url).value();
  made.put_confirmed(static_cast<int>(queue.address().port())).value();
  for (;;) {
    std::this_thread::sleep_for(1h);
  }
}

TEST(QueueCutEndTest, AnOwnerWhoseProcessWasKilledIsNotLookedForAgain) {
  Queue<int> made{runtime()};
  Process owner{runtime(), own, std::string{"tcp://127.0.0.1:0/queue"}, made};
  const int port = made.get(20s).value();
  const auto queue =
      Numbers::open(runtime(), "tcp://127.0.0.1:" + std::to_string(port) + "/queue", 20s).value();
  queue.put_confirmed(1).value();
  owner.kill().value();
  const auto lost = queue.stats(20s);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), Code::disconnected);
  const std::string why = lost.error().what();
  EXPECT_NE(why.find("its process has ended"), std::string::npos) << why;
  (void)owner.join().value();
}

// What an owner that was made anew says to who goes on with what it had at another one.
TEST(QueueCutEndTest, AnotherOwnerKnowsNothingOfAClientOfTheFirst) {
  const auto queue = Numbers::create(runtime(), "tcp://127.0.0.1:0/queue").value();
  auto connection =
      connect(runtime(), "tcp://127.0.0.1:" + std::to_string(queue.address().port())).value();
  queue::Hello hello;
  hello.magic = queue::kMagic;
  hello.version = queue::kVersion;
  hello.object = "queue";
  hello.client = 5;
  hello.queue = 1;
  Encoded frame;
  Writer writer{frame};
  queue::begin(writer, queue::Frame::hello);
  writer.value(hello);
  connection.send_message(frame, 10s).value();
  Incoming incoming;
  connection.receive_message(incoming, 10s).value();
  const DecodeLimits limits;
  Reader reader{incoming, limits};
  EXPECT_EQ(queue::read_kind(reader).value(), queue::Frame::refused);
  EXPECT_EQ(static_cast<Code>(reader.value<std::uint8_t>().value()), Code::lost);
  EXPECT_NE(reader.value<std::string>().value().find("made anew"), std::string::npos);
}

}  // namespace
}  // namespace troupe
