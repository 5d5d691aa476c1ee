// SPDX-License-Identifier: Apache-2.0
// What every FrameConnection promises about its end, this one's and the peer's.
#include "transports/transport_test.hpp"

#include <array>
#include <thread>

namespace troupe::harness {
namespace {

using transports::Lane;
using transports::Progress;
using transports::When;

constexpr std::size_t kKiB = 1024;

TEST_P(FrameConnectionTest, WhatWasSentBeforeTheCloseStillArrivesThenTheEnd) {  // CN-06
  connect();
  send(sender(), "one");
  send(sender(), "");
  sender().close();

  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_EQ(receive_text(receiver()), "");
  for (int i = 0; i < 3; ++i) {  // it stays so
    const Error end = receive_error(receiver());
    EXPECT_EQ(end, Code::closed);
    EXPECT_NE(std::string_view{end.what()}.find(receiver().peer().text()), std::string_view::npos);
    EXPECT_TRUE(receiver().arm_receive());
  }
}

TEST_P(FrameConnectionTest, AReaderThatSleepsSeesTheEnd) {
  connect();
  const std::jthread closer{[&] {
    std::this_thread::yield();
    sender().close();
  }};
  EXPECT_EQ(receive_error(receiver()), Code::closed);
}

TEST_P(FrameConnectionTest, SendingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  connect();
  receiver().close();
  ends_.first.reset();

  Result<Progress> sent{Progress::done};
  while (sent) {  // a network needs a first message to find out
    Outgoing message{"anybody?"};
    sent = sender().try_send(message.frame, Lane::data, When::now);
    if (sent && *sent == Progress::would_block) {
      await_writable(sender());
    }
  }
  EXPECT_EQ(sent.error(), Code::disconnected);
  EXPECT_EQ(sent.error().effect(), is_stream() ? Effect::unknown : Effect::none);
  Outgoing again{"again"};
  EXPECT_EQ(sender().try_send(again.frame, Lane::data, When::now).error(), Code::disconnected);
}

TEST_P(FrameConnectionTest, ASenderThatWaitsForRoomSeesThePeerGo) {
  connect();
  std::uint32_t number = 0;
  const auto stuck = fill(40 * kKiB, number);
  std::jthread closer{[&] {
    std::this_thread::yield();
    receiver().close();
  }};
  auto sent = send_waiting(sender(), *stuck);
  while (sent) {  // a network may have found some room after all
    Outgoing next{numbered(++number, 40 * kKiB)};
    sent = send_waiting(sender(), next);
  }
  EXPECT_EQ(sent.error(), Code::disconnected);
}

TEST_P(FrameConnectionTest, AClosedEndSaysSo) {  // CN-11
  connect();
  send(sender(), "kept in the buffer", Lane::data, When::later);
  for (int i = 0; i < 2; ++i) {  // idempotent
    sender().close();
    receiver().close();
  }

  Outgoing message{"late"};
  EXPECT_EQ(sender().try_send(message.frame, Lane::data, When::now).error(), Code::closed);
  EXPECT_EQ(sender().buffered(), 0U);
  EXPECT_EQ(receive_error(receiver()), Code::closed);
  EXPECT_FALSE(receiver().hand_over());
  EXPECT_LT(is_stream() ? receiver().readable().fd : -1, 0);
}

}  // namespace
}  // namespace troupe::harness
