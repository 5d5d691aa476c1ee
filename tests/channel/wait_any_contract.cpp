// SPDX-License-Identifier: Apache-2.0
// wait_any over each transport. Ids: research/python-multiprocessing.md §2.10.
#include "channel/channel_test.hpp"
#include "troupe/runtime/channel/wait_any.hpp"

#include <array>
#include <atomic>
#include <map>

namespace troupe::harness {
namespace {

using Indices = std::vector<std::size_t>;

std::string shown(const Result<Indices>& result) {
  return result ? testing::PrintToString(*result) : outcome(result);
}

struct Pairs {
  std::array<Connection, 4> readers;
  std::array<Connection, 4> writers;
};

class Senders final {
 public:
  Senders(std::array<Connection, 4>& writers, bool slow) {
    for (auto& writer : writers) {
      threads_.emplace_back([slow, writer = std::move(writer)]() mutable {
        for (int i = 0; i < 10; ++i) {
          ASSERT_TRUE(writer.send_bytes(bytes_of(std::to_string(i))));
          if (slow) {
            std::this_thread::sleep_for(1ms);
          }
        }
      });
    }
  }

 private:
  std::vector<std::jthread> threads_;
};

TEST_P(ConnectionTest, WaitAnyCollectsAllMessagesAndAllEnds) {  // WT-01
  for (const bool slow : {false, true}) {
    Pairs pairs;
    for (std::size_t i = 0; i < 4; ++i) {
      connect();
      pairs.readers.at(i) = std::move(first_);
      pairs.writers.at(i) = std::move(second_);
    }
    const Senders senders{pairs.writers, slow};
    std::map<std::size_t, int> received;
    Indices open{0, 1, 2, 3};
    while (!open.empty()) {
      std::vector<Waitable> things;
      for (const std::size_t i : open) {
        things.emplace_back(pairs.readers.at(i));
      }
      const Indices ready = wait_any(runtime_, things).value();
      ASSERT_FALSE(ready.empty());
      Indices still = open;
      for (const std::size_t at : ready) {
        const std::size_t reader = open.at(at);
        const auto message = pairs.readers.at(reader).receive_bytes(0s);
        if (message) {
          ASSERT_EQ(text_of(*message), std::to_string(received[reader]++));
        } else {
          ASSERT_EQ(message.error(), Code::closed);
          std::erase(still, reader);
        }
      }
      open = still;
    }
    EXPECT_EQ(received, (std::map<std::size_t, int>{{0, 10}, {1, 10}, {2, 10}, {3, 10}}));
  }
}

TEST_P(ConnectionTest, WaitAnyTimesOutAndThenFindsTheOneThatIsReady) {  // WT-03
  connect();
  Connection other_reader = std::move(first_);
  Connection other_writer = std::move(second_);
  connect();
  const Instant before = Clock::system().now();
  EXPECT_EQ(shown(wait_any(runtime_, {other_reader, first_}, 20ms)), "timed_out");
  EXPECT_GE(Clock::system().now() - before, 20ms) << "not early";
  ASSERT_TRUE(second_.send_bytes(bytes("hello")));
  EXPECT_EQ(shown(wait_any(runtime_, {other_reader, first_})), "{ 1 }");
  EXPECT_EQ(shown(wait_any(runtime_, {other_reader, first_}, 0s)), "{ 1 }") << "it takes nothing";
  EXPECT_EQ(text(first_.receive_bytes(0s)), "hello");
}

TEST_P(ConnectionTest, WaitAnyWakesForAMessageThatComesLater) {
  connect();
  EXPECT_EQ(shown(wait_any(runtime_, {first_}, 0s)), "timed_out");
  for (int i = 0; i < 20; ++i) {
    std::jthread sender{[&] {
      std::this_thread::yield();
      ASSERT_TRUE(second_.send_bytes(bytes("hello")));
    }};
    ASSERT_EQ(shown(wait_any(runtime_, {first_})), "{ 0 }");
    EXPECT_EQ(text(first_.receive_bytes(0s)), "hello");
  }
  std::jthread closer{[&] { second_.close(); }};
  EXPECT_EQ(shown(wait_any(runtime_, {first_})), "{ 0 }");
  EXPECT_EQ(outcome(first_.receive_bytes(0s)), "closed");
}

TEST_P(ConnectionTest, WaitAnySleepsWhileNothingIsReady) {
  std::atomic<long> waits = 0;
  Ports ports;
  ports.poller = std::make_unique<CountingPoller>(waits);
  TestRuntime counting{std::move(ports)};
  connect(counting, counting);
  ASSERT_TRUE(second_.send_bytes(bytes("hello")));
  EXPECT_EQ(shown(wait_any(counting, {first_})), "{ 0 }");
  EXPECT_EQ(text(first_.receive_bytes(0s)), "hello");
  const long before = waits;
  EXPECT_EQ(shown(wait_any(counting, {first_}, 20ms)), "timed_out");
  EXPECT_LE(waits - before, 3);
  first_.close();
  second_.close();
}

TEST_P(ConnectionTest, WaitAnyWantsAWholeMessage) {  // W20
  connect();
  if (!has_bytes()) {
    return;  // frames come whole
  }
  const UniqueFd raw = raw_second();
  const Bytes frame = from_hex("00 00 00 02 61 62");
  for (const std::byte byte : frame) {
    EXPECT_EQ(shown(wait_any(runtime_, {first_}, 0s)), "timed_out");
    write_raw(raw.get(), std::span{&byte, 1});
  }
  EXPECT_EQ(shown(wait_any(runtime_, {first_})), "{ 0 }");
  EXPECT_EQ(text(first_.receive_bytes(0s)), "ab");
}

TEST_P(ConnectionTest, WaitAnyFindsAllKindsTogether) {  // WT-04
  connect();
  Pipe<int> typed{std::move(first_)};
  auto [reader, writer] = raw_pipe();
  auto [never, never_written] = raw_pipe();
  const Deadline long_ago{0s};
  ASSERT_TRUE(second_.send_bytes(from_hex("07")));
  write_raw(writer.get(), "x");
  ASSERT_TRUE(typed.poll(forever));
  EXPECT_EQ(
      shown(wait_any(runtime_, {never.get(), typed, reader.get(), long_ago, Deadline::never()})),
      "{ 1, 2, 3 }");
  EXPECT_EQ(typed.receive(0s).value(), 7);
}

}  // namespace
}  // namespace troupe::harness
