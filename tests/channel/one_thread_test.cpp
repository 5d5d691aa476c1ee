// SPDX-License-Identifier: Apache-2.0
// Debug builds find out when two threads use one half of a connection.
#include "harness/raw_fd.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace troupe::harness {
namespace {

#ifndef NDEBUG

void receive_by_two_threads() {
  TestRuntime runtime;
  auto ends = connect_ends(runtime, "unix:", transports::Direction::duplex, false).value();
  std::jthread first{[&] { (void)ends.first.receive_bytes(); }};
  std::jthread second{[&] { (void)ends.first.receive_bytes(); }};
}

void send_by_two_threads() {
  TestRuntime runtime;
  auto ends = connect_ends(runtime, "unix:", transports::Direction::duplex, false).value();
  const auto send = [&] {
    for (;;) {
      (void)ends.first.send_bytes(pattern(100'000));  // nobody receives
    }
  };
  std::jthread first{send};
  std::jthread second{send};
}

TEST(OneThreadDeathTest, TwoReceiversAreABug) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(receive_by_two_threads(), "one thread at a time may send, and one receive");
}

TEST(OneThreadDeathTest, TwoSendersAreABug) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(send_by_two_threads(), "one thread at a time may send, and one receive");
}

#endif

TEST(OneThreadTest, OneSenderAndOneReceiverAreFine) {
  TestRuntime runtime;
  auto ends = Pipe<int>::create(runtime).value();
  std::jthread receiver{[&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(ends.first.receive().value(), i);
    }
  }};
  std::jthread other_receiver{[&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(ends.second.receive().value(), -i);
    }
  }};
  std::jthread sender{[&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(ends.first.send(-i));
    }
  }};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(ends.second.send(i));
  }
}

TEST(OneThreadTest, TheThreadMayChangeBetweenCalls) {
  TestRuntime runtime;
  auto ends = Pipe<int>::create(runtime).value();
  for (int i = 0; i < 10; ++i) {
    std::jthread{[&] { ASSERT_TRUE(ends.first.send(i)); }}.join();
    std::jthread{[&] { ASSERT_EQ(ends.second.receive().value(), i); }}.join();
  }
}

}  // namespace
}  // namespace troupe::harness
