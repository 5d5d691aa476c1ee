// SPDX-License-Identifier: Apache-2.0
// What every FrameConnection promises (transports/frame_connection.hpp): messages, lanes,
// back-pressure, limits. Ends, descriptors and handing over are in the files beside it.
#include "transports/transport_test.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace troupe::harness {
namespace {

using transports::Capabilities;
using transports::FrameConnection;
using transports::IncomingFrame;
using transports::Lane;
using transports::Progress;
using transports::When;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// ---- messages ----------------------------------------------------------------------------------

TEST_P(FrameConnectionTest, EachMessageArrivesWholeInOrder) {  // CN-05, CN-13, CN-15
  connect();
  unsigned seed = 0;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{0}, 16 * kKiB - 5, 16 * kKiB - 4, 16 * kKiB - 3,
        16 * kKiB, 16 * kKiB + 1, 64 * kKiB - 5, 64 * kKiB - 4, 64 * kKiB - 1, 64 * kKiB,
        64 * kKiB + 1, 100 * kKiB, kMiB, std::size_t{3}, 16 * kMiB, std::size_t{0}}) {
    const Bytes body = pattern(size, ++seed);
    ASSERT_TRUE(cross(sender(), body, receiver()) == body) << size << " bytes";
  }
}

TEST_P(FrameConnectionTest, MessagesSentInARowAreNotMerged) {
  connect();
  for (const char* body : {"hello", "", "bye", "", "", "x"}) {
    send(sender(), body);
  }
  for (const char* body : {"hello", "", "bye", "", "", "x"}) {
    EXPECT_EQ(receive_text(receiver()), body);
  }
  EXPECT_TRUE(is_silent(receiver()));
}

TEST_P(FrameConnectionTest, BothEndsTalkWhereTheTransportIsDuplex) {
  connect();
  EXPECT_EQ(sender().capabilities().duplex, is_duplex());
  if (is_duplex()) {
    send(receiver(), "back");
    EXPECT_EQ(receive_text(sender()), "back");
    return;
  }
  // CN-07: an end that only receives says so when it is to send, and the other way round.
  Outgoing message{"back"};
  const auto sent = receiver().try_send(message.frame, Lane::data, When::now);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), Code::invalid_argument);
  EXPECT_EQ(receive_error(sender()), Code::invalid_argument);
}

TEST_P(FrameConnectionTest, PiecesArriveAsOneBody) {
  connect();
  for (const std::size_t piece :
       {std::size_t{3}, std::size_t{1000}}) {  // copied, and written directly
    std::vector<Bytes> pieces;
    Bytes whole;
    for (unsigned i = 0; i < 200; ++i) {  // more than one write takes
      pieces.push_back(pattern(i % 7 == 0 ? 0 : piece, i));
      whole.insert(whole.end(), pieces.back().begin(), pieces.back().end());
    }
    Outgoing message{std::move(pieces)};
    EXPECT_EQ(cross(sender(), message, receiver()), whole);
  }
}

TEST_P(FrameConnectionTest, NothingToReceiveWouldBlock) {
  connect();
  EXPECT_TRUE(is_silent(receiver()));
  EXPECT_FALSE(receiver().arm_receive());
  send(sender(), "now");
  await_receivable(receiver());
  EXPECT_EQ(receive_text(receiver()), "now");
}

TEST_P(FrameConnectionTest, ArmingFindsAMessageThatIsHereAlready) {
  connect();
  send(sender(), "one", Lane::data, When::later);
  send(sender(), "two");
  EXPECT_EQ(receive_text(receiver()), "one");

  EXPECT_TRUE(receiver().arm_receive());

  EXPECT_EQ(receive_text(receiver()), "two");
  EXPECT_FALSE(receiver().arm_receive());
}

TEST_P(FrameConnectionTest, AReaderThatSleepsIsWokenEachTime) {
  connect();
  constexpr int kRounds = 200;
  const std::jthread writer{[&] {
    for (int i = 0; i < kRounds; ++i) {
      send(sender(), std::to_string(i));
      std::this_thread::yield();
    }
  }};
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(receive_text(receiver()), std::to_string(i));
  }
}

TEST_P(FrameConnectionTest, SaysWhatItCanAndWhoThePeerIs) {
  connect();
  for (const FrameConnection* end : {ends_.first.get(), ends_.second.get()}) {
    const Capabilities says = end->capabilities();
    const Capabilities& due = GetParam().capabilities;
    EXPECT_EQ(says.duplex, due.duplex);
    EXPECT_EQ(says.many_peers, due.many_peers);
    EXPECT_EQ(says.fds, due.fds);
    EXPECT_EQ(says.loans, due.loans);
    EXPECT_EQ(says.peer_identity, due.peer_identity);
    EXPECT_EQ(says.other_hosts, due.other_hosts);
    EXPECT_EQ(end->peer().scheme(), transport().scheme());
    EXPECT_TRUE(end->peer().valid());
  }
}

TEST_P(FrameConnectionTest, OneThreadSendsWhileAnotherReceives) {
  connect();
  constexpr std::uint32_t kMessages = 2000;
  const auto size_of = [](std::uint32_t number) -> std::size_t {
    return sizeof number + (number % 50 == 0 ? 200 * kKiB : (number * 7919U) % 3000U);
  };
  const auto send_all = [&](FrameConnection& end) {
    for (std::uint32_t number = 0; number < kMessages; ++number) {
      Outgoing message{numbered(number, size_of(number))};
      ASSERT_TRUE(send_waiting(end, message));
    }
    ASSERT_TRUE(flush_waiting(end));
  };
  const auto receive_all = [&](FrameConnection& end) {
    for (std::uint32_t number = 0; number < kMessages; ++number) {
      ASSERT_TRUE(receive(end).value() == numbered(number, size_of(number))) << number;
    }
  };
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { send_all(sender()); });
  threads.emplace_back([&] { receive_all(receiver()); });
  if (is_duplex()) {
    threads.emplace_back([&] { send_all(receiver()); });
    threads.emplace_back([&] { receive_all(sender()); });
  }
}

// ---- when and lanes ----------------------------------------------------------------------------

TEST_P(FrameConnectionTest, WhatMayLeaveLaterLeavesAtTheFlush) {
  connect();
  send(sender(), "one", Lane::data, When::later);
  send(sender(), "two", Lane::data, When::later);
  if (gathers()) {
    EXPECT_EQ(sender().buffered(), 2 * (4 + 3U));
    EXPECT_TRUE(is_silent(receiver()));
  }

  EXPECT_EQ(sender().try_flush().value(), Progress::done);

  EXPECT_EQ(sender().buffered(), 0U);
  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_EQ(receive_text(receiver()), "two");
}

TEST_P(FrameConnectionTest, WhatMayLeaveLaterLeavesBeforeTheNextThatMayNot) {
  connect();
  send(sender(), "one", Lane::data, When::later);
  send(sender(), std::string(50 * kKiB, 'x'));
  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_EQ(receive_text(receiver()), std::string(50 * kKiB, 'x'));
}

TEST_P(FrameConnectionTest, ControlOvertakesDataThatHasNotBegunToLeave) {
  connect();
  for (const char* body : {"d1", "d2", "d3"}) {
    send(sender(), body, Lane::data, When::later);
  }
  send(sender(), "c1", Lane::control, When::later);
  send(sender(), "d4", Lane::data, When::later);
  send(sender(), "c2", Lane::control, When::now);

  for (const char* body : {"c1", "c2", "d1", "d2", "d3", "d4"}) {
    EXPECT_EQ(receive_text(receiver()), body);
  }
}

TEST_P(FrameConnectionTest, ALargeControlMessageOvertakesDataToo) {
  connect();
  const std::string large(100 * kKiB, 'c');
  send(sender(), "data", Lane::data, When::later);
  send(sender(), large, Lane::control, When::later);
  std::array arrived{receive_flushing(receiver(), sender()),
                     receive_flushing(receiver(), sender())};
  if (!gathers() && is_stream()) {  // the data had left
    std::ranges::swap(arrived[0], arrived[1]);
  }
  EXPECT_TRUE(text_of(arrived[0]) == large);
  EXPECT_EQ(text_of(arrived[1]), "data");
}

TEST_P(FrameConnectionTest, ControlNeverGetsInsideAFrameThatIsLeaving) {
  for (const std::size_t control : {std::size_t{1}, 100 * kKiB}) {
    connect();
    Outgoing data{pattern(huge())};
    auto began = sender().try_send(data.frame, Lane::data, When::now).value();
    ASSERT_EQ(began, hands_over_whole() ? Progress::done : Progress::would_block);
    send(sender(), std::string(control, 'c'), Lane::control);

    std::vector<Bytes> arrived;
    if (began == Progress::would_block && gathers()) {
      arrived.push_back(cross(sender(), data, receiver()));
    }
    while (arrived.size() < 2) {
      if (began == Progress::would_block) {
        began = sender().try_send(data.frame, Lane::data, When::now).value();
      }
      IncomingFrame frame;
      (void)sender().try_flush().value();
      if (receiver().try_receive(frame).value() == Progress::done) {
        arrived.push_back(frame.joined());
      }
    }
    if (arrived[0].size() == control) {
      EXPECT_FALSE(gathers()) << "it came by a way of its own";
      std::ranges::swap(arrived[0], arrived[1]);
    }
    EXPECT_TRUE(arrived[0] == pattern(huge()));
    EXPECT_EQ(text_of(arrived[1]), std::string(control, 'c'));
  }
}

TEST_P(FrameConnectionTest, ControlPassesDataThatIsStuckAndLosesNone) {
  connect();
  std::uint32_t number = 0;
  const auto stuck = fill(500, number);
  send(sender(), "control", Lane::control);

  std::uint32_t next = 0;
  std::uint32_t after_control = 0;
  bool came = false;
  while (next < number) {
    const Bytes body = receive_flushing(receiver(), sender());
    if (text_of(body) == "control") {
      came = true;
      continue;
    }
    ASSERT_TRUE(body == numbered(next, 500)) << next;
    ++next;
    after_control += came ? 1 : 0;
  }
  EXPECT_TRUE(came);
  EXPECT_GT(after_control, 10U) << "it waited behind data that had not begun to leave";
  EXPECT_EQ(number_of(cross(sender(), *stuck, receiver())), number);
}

// ---- back-pressure -----------------------------------------------------------------------------

TEST_P(FrameConnectionTest, ASlowReaderStopsTheSenderWhoLosesNothing) {
  for (const std::size_t size : {std::size_t{100}, 5 * kKiB, 40 * kKiB, 300 * kKiB}) {
    connect();
    std::uint32_t number = 0;
    const auto stuck = fill(size, number);
    EXPECT_LE(sender().buffered(), 64 * kKiB);
    EXPECT_LE(number * size, 16 * kMiB) << "so much was accepted, and nobody reads";

    for (std::uint32_t next = 0; next < number; ++next) {
      ASSERT_TRUE(receive_flushing(receiver(), sender()) == numbered(next, size)) << next;
    }
    EXPECT_EQ(number_of(cross(sender(), *stuck, receiver())), number);
    EXPECT_TRUE(is_silent(receiver()));
  }
}

TEST_P(FrameConnectionTest, AFrameThatBlockedGoesOnWhereItWas) {
  connect();
  Outgoing message{pattern(huge())};
  const auto began = sender().try_send(message.frame, Lane::data, When::now).value();
  if (!hands_over_whole()) {
    ASSERT_EQ(began, Progress::would_block);
    EXPECT_GT(message.frame.taken, 0U);
    EXPECT_LT(message.frame.taken, huge());
    EXPECT_TRUE(cross(sender(), message, receiver()) == pattern(huge()));
  } else {
    EXPECT_EQ(began, Progress::done);  // frames are handed over whole
    EXPECT_TRUE(receive(receiver()).value() == pattern(huge()));
  }
}

TEST_P(FrameConnectionTest, TheRestOfAFrameCanBeLeftToTheConnection) {
  connect();
  {
    Outgoing message{pattern(huge())};
    const auto began = sender().try_send(message.frame, Lane::data, When::now).value();
    if (began == Progress::would_block) {
      const std::size_t rest = message.frame.size + (gathers() ? 4 : 0) - message.frame.taken;
      sender().take_over(message.frame);
      EXPECT_GE(sender().buffered(), rest);
      EXPECT_LE(sender().buffered(), rest + (encrypts() ? 64 * kKiB : 0));
    }
  }  // the caller's memory is gone
  send(sender(), "control", Lane::control);
  Bytes first = receive_flushing(receiver(), sender());
  Bytes second = receive_flushing(receiver(), sender());
  if (!gathers()) {
    std::swap(first, second);
  }
  EXPECT_TRUE(first == pattern(huge()));
  EXPECT_EQ(text_of(second), "control");
  send(sender(), "next");
  EXPECT_EQ(receive_text(receiver()), "next");
}

// ---- where a body goes -------------------------------------------------------------------------

TEST_P(FrameConnectionTest, ALargeBodyThatFitsGoesStraightToItsDestination) {
  connect();
  Outgoing message{pattern(kMiB)};
  Bytes place(kMiB);
  IncomingFrame frame;
  bool sent = false;
  while (receiver().try_receive(frame, place).value() == Progress::would_block) {
    if (!sent) {
      sent = sender().try_send(message.frame, Lane::data, When::now).value() == Progress::done;
    }
  }
  EXPECT_TRUE(std::ranges::equal(frame.body, pattern(kMiB)));
  if (is_stream()) {
    EXPECT_EQ(frame.body.data(), place.data());
  } else {
    EXPECT_FALSE(frame.storage.empty());
  }
}

TEST_P(FrameConnectionTest, ABodyThatDoesNotFitStaysInMemoryOfItsOwn) {
  connect();
  Outgoing message{pattern(kMiB)};
  Bytes place(kMiB - 1, std::byte{0xee});
  IncomingFrame frame;
  bool sent = false;
  while (receiver().try_receive(frame, place).value() == Progress::would_block) {
    if (!sent) {
      sent = sender().try_send(message.frame, Lane::data, When::now).value() == Progress::done;
    }
  }
  const Buffer kept = frame.storage;
  send(sender(), "next");
  EXPECT_EQ(receive_text(receiver()), "next");

  EXPECT_TRUE(std::ranges::equal(kept.bytes(), pattern(kMiB)));
  EXPECT_EQ(place, Bytes(kMiB - 1, std::byte{0xee}));
}

TEST_P(FrameConnectionTest, ADestinationIsTheReceiversAgainOnceItIsLeft) {
  connect();
  Outgoing message{pattern(huge())};
  Bytes place(huge(), std::byte{0xee});
  const auto began = sender().try_send(message.frame, Lane::data, When::now).value();
  if (!hands_over_whole()) {
    ASSERT_EQ(began, Progress::would_block);
    IncomingFrame frame;
    ASSERT_EQ(receiver().try_receive(frame, place).value(), Progress::would_block);
  }

  receiver().leave_destination();
  place.assign(huge(), std::byte{0x55});

  if (!hands_over_whole()) {
    EXPECT_TRUE(cross(sender(), message, receiver()) == pattern(huge()));
  } else {
    EXPECT_TRUE(receive(receiver()).value() == pattern(huge()));
  }
  EXPECT_EQ(place, Bytes(huge(), std::byte{0x55}));
}

// ---- limits ------------------------------------------------------------------------------------

TEST_P(FrameConnectionTest, AMessageAboveTheLimitIsRefusedAndTheConnectionGoesOn) {
  connect({.max_message = 1000});
  Outgoing large{pattern(1001)};

  const auto sent = sender().try_send(large.frame, Lane::data, When::now);

  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), Code::invalid_argument);
  EXPECT_NE(std::string_view{sent.error().what()}.find("1001"), std::string_view::npos);
  EXPECT_NE(std::string_view{sent.error().what()}.find("1000"), std::string_view::npos);
  EXPECT_EQ(cross(sender(), pattern(1000), receiver()), pattern(1000));
}

TEST_P(FrameConnectionTest, AMessageAboveTheReceiversLimitIsMalformedAndStaysSo) {
  connect();
  receiver().set_receive_limit(10);
  EXPECT_EQ(cross(sender(), pattern(10), receiver()), pattern(10));
  send(sender(), "01234567890");
  send(sender(), "fine");

  const Error error = receive_error(receiver());

  EXPECT_EQ(error, Code::malformed);
  EXPECT_NE(std::string_view{error.what()}.find("11"), std::string_view::npos) << error.what();
  EXPECT_EQ(receive_error(receiver()), Code::malformed);
  EXPECT_TRUE(receiver().arm_receive());
}

TEST_P(FrameConnectionTest, ALimitMayGrowAgain) {
  connect();
  receiver().set_receive_limit(10);
  send(sender(), "small");
  EXPECT_EQ(receive_text(receiver()), "small");
  receiver().set_receive_limit(kMiB);
  EXPECT_EQ(cross(sender(), pattern(kMiB), receiver()), pattern(kMiB));
}

}  // namespace
}  // namespace troupe::harness
