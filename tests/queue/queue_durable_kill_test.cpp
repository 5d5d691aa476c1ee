// SPDX-License-Identifier: Apache-2.0
// The owners of durable queues are killed at random while producers and consumers, who are killed
// too, use them, and start again: what a producer was told that the owner has comes out, what
// consumers emit is there once, and what comes twice says so.
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;
using Numbers = Queue<std::uint64_t>;

Runtime& runtime() {
  return *Runtime::current();
}

// Whoever is at the door when the owner is killed hears anything.
Numbers open(const std::string& address) {
  const Deadline until{30s};
  for (;;) {
    auto opened = Numbers::open(runtime(), address, until);
    if (opened || until.passed()) {
      return std::move(opened).value();
    }
  }
}

void own(std::string address, std::string path) {
  QueueOptions options;
  options.capacity = 100;
  // Whoever finds the queue gone that it emits into gives its item back, which counts.
  options.deliveries = 1'000'000;
  options.retry_delay = 1ms;
  options.durable = path;
  const auto queue = Numbers::create(runtime(), address, options).value();
  (void)park(runtime(), std::span<PollItem>{}, forever);
}

// Each number is put once: one that was not confirmed may be there or not.
void produce(std::string to, Numbers confirmed, std::uint64_t first) {
  for (std::uint64_t number = first;;) {
    const auto queue = open(to);
    for (; queue.put_confirmed(number); ++number) {
      confirmed.put_confirmed(number).value();
    }
    ++number;
  }
}

void pass_on(std::string from, std::string to) {
  for (;;) {
    const auto in = open(from);
    const auto out = open(to);
    try {
      for (auto& number : in) {
        number.emit(out, *number).value();
      }
      return;
    } catch (const Error& error) {
      if (error != Code::disconnected && error != Code::lost) {
        throw;
      }
    }
  }
}

class QueueDurableKillTest : public testing::TestWithParam<std::string> {
 protected:
  // Of a process that is started again when it is killed.
  template <class Start>
  struct Victim {
    explicit Victim(Start how) : start(std::move(how)), process(start()) {}
    void kill() {
      if (const auto end = process.join(0s)) {
        ADD_FAILURE() << "it ended by itself: " << end->text();
      }
      (void)process.kill();
      (void)process.join().value();
      process = start();
    }
    Start start;
    Process process;
  };

  std::string address(const std::string& name) const {
    return GetParam() == "shm" ? "shm://durable-" + name + "-" + std::to_string(::getpid())
                               : GetParam() + ":" + directory_.file(name + ".socket");
  }
  auto owner(const std::string& name) {
    return Victim{[this, name] {
      return Process{runtime(), own, address(name), directory_.file(name)};
    }};
  }
  // The reader's way to what comes out, made anew when its owner was killed.
  Numbers& out() {
    if (!out_) {
      out_ = open(address("out"));
    }
    return *out_;
  }
  // Takes what there is, for a while.
  void read(Deadline until) {
    do {
      auto taken = out().take(until);
      if (!taken) {
        if (taken.error() == Code::timed_out) {
          return;
        }
        out_.reset();
        continue;
      }
      const bool is_new = seen_.insert(**taken).second;
      EXPECT_TRUE(is_new || taken->deliveries() > 1)
          << **taken << " came twice, and did not say so";
      (void)taken->ack();
    } while (!until.passed());
  }
  // Until it is done, whoever is killed meanwhile.
  template <class Done>
  void read_until(Done done) {
    while (!done()) {
      read(Deadline{10ms});
    }
  }

  harness::TemporaryDirectory directory_;
  std::optional<Numbers> out_;
  std::set<std::uint64_t> seen_;
};

TEST_P(QueueDurableKillTest, NothingConfirmedIsLostAndNothingComesTwiceUnlessItSaysSo) {
  auto chance = harness::chance();
  auto in_owner = owner("in");
  auto out_owner = owner("out");
  Numbers confirmed{runtime(), {.capacity = 10'000'000}};
  std::uint64_t next_first = 0;
  const auto new_producer = [&] {
    return Process{runtime(), produce, address("in"), confirmed,
                   next_first += std::uint64_t{1} << 32U};
  };
  const auto new_consumer = [&] {
    return Process{runtime(), pass_on, address("in"), address("out")};
  };
  std::vector<Victim<decltype(new_producer)>> producers;
  std::vector<Victim<decltype(new_consumer)>> consumers;
  for (int i = 0; i < 2; ++i) {
    producers.emplace_back(new_producer);
    consumers.emplace_back(new_consumer);
  }
  for (int kills = harness::kills(); kills > 0; --kills) {
    read(Deadline{std::chrono::microseconds{chance() % 60'000}});
    switch (chance() % 6) {
      case 0:
        producers[chance() % 2].kill();
        break;
      case 1:
        consumers[chance() % 2].kill();
        break;
      case 2:
      case 3:
        out_owner.kill();
        break;
      default:
        in_owner.kill();
    }
  }
  const std::size_t before = seen_.size();
  read_until([&] { return seen_.size() > before + 100; });  // all are at work again
  for (auto& each : producers) {
    each.process.kill().value();
    (void)each.process.join().value();
  }
  auto in = open(address("in"));
  in.close().value();
  for (auto& each : consumers) {
    read_until([&] { return each.process.join(0s).has_value(); });
    const Exit end = each.process.join().value();
    EXPECT_TRUE(end.ok()) << end.text();
  }
  read_until([&] { return out().size().value() == 0; });
  EXPECT_EQ(in.stats().value().dead, 0U);
  confirmed.close().value();
  std::size_t told = 0;
  for (auto& number : confirmed) {
    EXPECT_TRUE(seen_.contains(*number)) << *number << " was confirmed, and is lost";
    ++told;
  }
  EXPECT_GT(told, 0U);
  RecordProperty("confirmed", static_cast<int>(told));
}

INSTANTIATE_TEST_SUITE_P(All, QueueDurableKillTest, testing::Values("shm", "unix"),
                         [](const auto& its) { return its.param; });

}  // namespace
}  // namespace troupe
