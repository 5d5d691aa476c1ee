// SPDX-License-Identifier: Apache-2.0
// Producers and consumers of a queue are killed at random, over each transport: what a producer was
// told that the owner has comes out, and what consumers emit is there once.
#include "harness/repetition.hpp"
#include "harness/scheme_name.hpp"
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

Runtime& runtime() {
  return *Runtime::current();
}

void produce(std::string to, Queue<std::uint64_t> confirmed, std::uint64_t first) {
  auto queue = Queue<std::uint64_t>::open(runtime(), to, 30s).value();
  for (std::uint64_t number = first;; ++number) {
    queue.put_confirmed(number).value();
    confirmed.put_confirmed(number).value();
  }
}

void pass_on(std::string from, std::string to) {
  auto in = Queue<std::uint64_t>::open(runtime(), from, 30s).value();
  auto out = Queue<std::uint64_t>::open(runtime(), to, 30s).value();
  for (auto& number : in) {
    number.emit(out, *number).value();
  }
}

class QueueKillTest : public testing::TestWithParam<std::string> {
 protected:
  Address address(const std::string& name) const {
    if (GetParam() == "tcp" || GetParam() == "zmq+tcp") {
      return GetParam() + "://127.0.0.1:0/" + name;
    }
    if (GetParam() == "shm") {
      return "shm://" + name + "-" + std::to_string(::getpid());
    }
    return GetParam() + ":" + directory_.file(name);
  }

  harness::TemporaryDirectory directory_;
};

TEST_P(QueueKillTest, NothingConfirmedIsLostAndNothingIsThereTwice) {
  auto chance = harness::chance();
  // Chance may kill an item's consumers many times.
  const auto in =
      Queue<std::uint64_t>::create(runtime(), address("in"), {.capacity = 100, .deliveries = 1000})
          .value();
  const auto out =
      Queue<std::uint64_t>::create(runtime(), address("out"), {.capacity = 50}).value();
  const std::string from = in.address().text();
  const std::string to = out.address().text();
  Queue<std::uint64_t> confirmed{runtime(), {.capacity = 10'000'000}};
  std::uint64_t next_first = 0;
  const auto producer = [&] {
    return Process{runtime(), produce, from, confirmed, next_first += std::uint64_t{1} << 32U};
  };
  const auto consumer = [&] { return Process{runtime(), pass_on, from, to}; };
  std::set<std::uint64_t> seen;
  const auto see = [&](std::uint64_t number) { EXPECT_TRUE(seen.insert(number).second) << number; };

  std::vector<Process> producers;
  std::vector<Process> consumers;
  for (int i = 0; i < 2; ++i) {
    producers.push_back(producer());
    consumers.push_back(consumer());
  }
  for (int kills = harness::kills(); kills > 0; --kills) {
    const Deadline then{std::chrono::microseconds{chance() % 20'000}};
    do {
      if (const auto number = out.get(then)) {
        see(*number);
      }
    } while (!then.passed());
    const bool of_producers = chance() % 2 == 0;
    Process& victim = (of_producers ? producers : consumers)[chance() % 2];
    victim.kill().value();
    (void)victim.join().value();
    victim = of_producers ? producer() : consumer();
  }
  for (Process& each : producers) {
    each.kill().value();
    (void)each.join().value();
  }
  in.close().value();
  while (!in.join(0s) || out.size().value() > 0) {
    if (const auto number = out.get(10ms)) {
      see(*number);
    }
  }
  for (Process& each : consumers) {
    EXPECT_TRUE(each.join(20s).value().ok());
  }
  confirmed.close().value();
  std::size_t told = 0;
  for (auto& number : confirmed) {
    EXPECT_TRUE(seen.contains(*number)) << *number;
    ++told;
  }
  EXPECT_GT(told, 0U);
  EXPECT_EQ(in.stats().value().dead, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, QueueKillTest,
                         testing::Values("shm", "unix", "tcp", "fifo", "zmq+tcp", "zmq+ipc"),
                         harness::scheme_name<std::string>);

}  // namespace
}  // namespace troupe
