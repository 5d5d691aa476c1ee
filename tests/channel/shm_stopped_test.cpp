// SPDX-License-Identifier: Apache-2.0
// A peer that is stopped (SIGSTOP, a debugger, a frozen container) is slow, not dead: who sends to
// it waits, who receives from it times out, and when it goes on nothing is lost and nothing
// doubled.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMore = 2000;

class ShmStoppedTest : public testing::Test {
 protected:
  // This process's end; the peer connects.
  Connection accept() {
    auto listener = Listener::create(runtime_, "shm://stopped?ring=16384").value();
    return listener.accept().value();
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  TestRuntime runtime_;
};

TEST_F(ShmStoppedTest, WhoSendsToItWaitsAndAfterwardsAllArrivesOnce) {
  Child receiver{[] {
    TestRuntime own;
    auto end = connect_soon(own, "shm://stopped");
    std::uint64_t next = 0;
    for (auto message = end.receive_bytes(); message; message = end.receive_bytes()) {
      ASSERT_EQ(*message, numbered(next));
      ++next;
    }
    EXPECT_GT(next, kMore);
  }};
  auto end = accept();
  std::uint64_t next = 0;
  const auto send_until_full = [&] {
    Result<void> sent;
    while ((sent = end.send_bytes(numbered(next), 10ms))) {
      ++next;
    }
    EXPECT_EQ(sent.error(), Code::timed_out) << sent.error().what();
    EXPECT_EQ(sent.error().effect(), Effect::none);
  };
  for (int stop = 0; stop < kills(); ++stop) {
    receiver.stop();
    send_until_full();
    std::jthread waiting{[&] {  // the first of them begins to wait before or after it goes on
      send_numbers(end, next, next + kMore);
      next += kMore;
    }};
    receiver.go_on();
  }
  end.close();
  EXPECT_EQ(receiver.join(), 0);
}

TEST_F(ShmStoppedTest, WhatItSentIsReceivedAndThenTheReceiverTimesOut) {
  Child sender{[] {
    TestRuntime own;
    auto end = connect_soon(own, "shm://stopped");
    std::uint64_t next = 0;
    while (end.receive_bytes()) {  // asked for three more
      send_numbers(end, next, next + 3);
      next += 3;
    }
  }};
  auto end = accept();
  std::uint64_t next = 0;
  for (int stop = 0; stop < kills(); ++stop) {
    ASSERT_TRUE(end.send_bytes(bytes_of("more")));
    ASSERT_TRUE(end.poll(forever));
    receive_numbers(end, next, next + 3);
    sender.stop();
    ASSERT_TRUE(end.send_bytes(bytes_of("more")));
    EXPECT_EQ(end.poll(0s).error(), Code::timed_out);
    const auto nothing = end.receive_bytes(5ms);
    EXPECT_EQ(nothing.error(), Code::timed_out) << nothing.error().what();
    sender.go_on();
    receive_numbers(end, next + 3, next + 6);
    next += 6;
  }
  end.close();
  EXPECT_EQ(sender.join(), 0);
}

// What is stopped can still be killed, and that is an end.
TEST_F(ShmStoppedTest, OneThatIsKilledWhileItIsStoppedHasEnded) {
  Child peer{[] {
    TestRuntime own;
    auto end = connect_soon(own, "shm://stopped");
    echo_all(end);
  }};
  auto end = accept();
  bounce_numbers(end, 0, 10);
  peer.stop();
  EXPECT_EQ(end.receive_bytes(1ms).error(), Code::timed_out);
  std::jthread killing{[&] { peer.kill_and_reap(); }};
  const auto ended = end.receive_bytes();
  EXPECT_EQ(ended.error(), Code::closed) << ended.error().what();
}

}  // namespace
}  // namespace troupe::harness
