// SPDX-License-Identifier: Apache-2.0
// What wait_any does beside connections; wait_any_contract.cpp has those. Ids:
// research/python-multiprocessing.md §2.10.
#include "troupe/runtime/channel/wait_any.hpp"

#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;
using Indices = std::vector<std::size_t>;

class WaitAnyTest : public testing::Test {
 protected:
  TestRuntime runtime_;
};

TEST_F(WaitAnyTest, PlainSocketsAreCollectedToo) {  // WT-02
  std::array<std::pair<UniqueFd, UniqueFd>, 4> pairs;
  std::vector<Waitable> things;
  for (auto& pair : pairs) {
    pair = raw_socket_pair();
    things.emplace_back(pair.first.get());
  }
  std::vector<std::jthread> writers;
  for (auto& pair : pairs) {
    writers.emplace_back([socket = std::move(pair.second)] {
      for (int i = 0; i < 10; ++i) {
        write_raw(socket.get(), "x");
        std::this_thread::sleep_for(500us);
      }
    });
  }
  std::string received;
  std::array<bool, 4> ended{};
  while (received.size() < 40) {
    const Indices ready = wait_any(runtime_, things).value();
    for (const std::size_t i : ready) {
      std::array<char, 16> chunk{};
      const ssize_t count = ::read(pairs.at(i).first.get(), chunk.data(), chunk.size());
      ASSERT_GE(count, 0);
      ended.at(i) = count == 0;
      received.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }
  EXPECT_EQ(received, std::string(40, 'x'));
}

TEST_F(WaitAnyTest, AnEndedProcessIsReady) {  // WT-04: a sentinel
  const auto go = raw_pipe();
  Child child{[&] { (void)read_raw(go.first.get(), 1); }};
  const UniqueFd sentinel{static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0))};
  EXPECT_EQ(wait_any(runtime_, {sentinel.get()}, 0s).error(), Code::timed_out);
  write_raw(go.second.get(), "!");
  EXPECT_EQ(wait_any(runtime_, {sentinel.get()}).value(), Indices{0});
  EXPECT_EQ(child.join(), 0);
}

TEST_F(WaitAnyTest, AListenerThatSomebodyComesToIsReady) {
  auto listener = Listener::create(runtime_, "tcp://127.0.0.1:0").value();
  EXPECT_EQ(wait_any(runtime_, {listener}, 0s).error(), Code::timed_out);
  Connection client = connect(runtime_, listener.address()).value();
  EXPECT_EQ(wait_any(runtime_, {listener}).value(), Indices{0});
  EXPECT_TRUE(listener.accept(0s));
}

TEST_F(WaitAnyTest, ATimerIsReadyWhenItPasses) {
  const auto [never, written] = raw_pipe();
  const Instant before = Clock::system().now();
  const Deadline soon{10ms};
  EXPECT_EQ(wait_any(runtime_, {never.get(), Deadline{1h}, soon}).value(), Indices{2});
  EXPECT_GE(Clock::system().now() - before, 10ms) << "not early";
}

TEST_F(WaitAnyTest, ANegativeTimeoutReturnsAtOnce) {  // WT-05
  const auto [never, written] = raw_pipe();
  EXPECT_EQ(wait_any(runtime_, {never.get()}, -1s).error(), Code::timed_out);
  EXPECT_EQ(wait_any(runtime_, {never.get()}, -1h).error(), Code::timed_out);
}

TEST_F(WaitAnyTest, WaitingForNothingHonoursTheTimeout) {  // WT-06
  const Instant before = Clock::system().now();
  EXPECT_EQ(wait_any(runtime_, {}, 10ms).error(), Code::timed_out);
  EXPECT_GE(Clock::system().now() - before, 10ms) << "not early";
  EXPECT_EQ(wait_any(runtime_, {}, 0s).error(), Code::timed_out);
}

TEST_F(WaitAnyTest, WhatIsReadyCountsAlsoAfterTheDeadline) {
  auto [reader, writer] = raw_pipe();
  write_raw(writer.get(), "x");
  EXPECT_EQ(wait_any(runtime_, {reader.get()}, -1s).value(), Indices{0});
}

TEST_F(WaitAnyTest, AnEndOfADescriptorIsReadiness) {
  auto [reader, writer] = raw_pipe();
  writer.reset();
  EXPECT_EQ(wait_any(runtime_, {reader.get()}).value(), Indices{0});
}

TEST_F(WaitAnyTest, ANumberThatIsNoDescriptorDoesNotHang) {  // CN-16
  EXPECT_EQ(wait_any(runtime_, {1'000'000}).value(), Indices{0}) << "its use then tells";
}

TEST_F(WaitAnyTest, AClosedConnectionIsReady) {
  Connection closed;
  EXPECT_EQ(wait_any(runtime_, {closed}).value(), Indices{0}) << "its use then tells";
}

TEST_F(WaitAnyTest, AStopCutsItShort) {
  const auto [never, written] = raw_pipe();
  std::jthread waiter{
      [&, fd = never.get()] { EXPECT_EQ(wait_any(runtime_, {fd}).error(), Code::cancelled); }};
  runtime_.request_stop();
  waiter.join();
  EXPECT_EQ(wait_any(runtime_, {never.get()}, 1h).error(), Code::cancelled);
}

TEST_F(WaitAnyTest, TheShortFormTakesTheThreadsRuntime) {
  auto pipe = raw_pipe();
  write_raw(pipe.second.get(), "x");
  std::jthread{[&] {
    const auto without = wait_any({pipe.first.get()});
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error(), Code::invalid_argument);
    EXPECT_NE(std::string_view{without.error().what()}.find("Runtime::Scope"),
              std::string_view::npos);
    const RuntimeCore::Scope scope{runtime_};
    EXPECT_EQ(wait_any({pipe.first.get()}).value(), Indices{0});
  }}.join();
}

TEST_F(WaitAnyTest, ManyThingsAreWaitedForAtOnce) {
  std::vector<std::pair<UniqueFd, UniqueFd>> pipes;
  std::vector<Waitable> things;
  for (int i = 0; i < 100; ++i) {
    pipes.push_back(raw_pipe());
    things.emplace_back(pipes.back().first.get());
  }
  write_raw(pipes[17].second.get(), "x");
  write_raw(pipes[99].second.get(), "x");
  EXPECT_EQ(wait_any(runtime_, things).value(), (Indices{17, 99}));
}

}  // namespace
}  // namespace troupe::harness
