// SPDX-License-Identifier: Apache-2.0
// Framing::lines and Framing::raw: what shells and foreign programs speak.
#include "transports/transport_test.hpp"

#include <thread>

namespace troupe::harness {
namespace {

using transports::Lane;
using transports::Progress;
using transports::When;

TEST_P(FramingTest, ALineIsAMessage) {
  const RawPeer peer = connect_raw({.framing = Framing::lines});
  write_raw(peer.writes(), "one\n\ntwo words\nthr");
  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_TRUE(receiver().arm_receive());
  EXPECT_EQ(receive_text(receiver()), "");
  EXPECT_EQ(receive_text(receiver()), "two words");
  EXPECT_FALSE(receiver().arm_receive());
  EXPECT_TRUE(is_silent(receiver()));
  write_raw(peer.writes(), "ee\n");
  EXPECT_EQ(receive_text(receiver()), "three");
}

TEST_P(FramingTest, TheLastLineNeedsNoLineEnd) {
  for (const bool ended : {true, false}) {
    RawPeer peer = connect_raw({.framing = Framing::lines});
    write_raw(peer.writes(), ended ? "one\ntwo\n" : "one\ntwo");
    peer.close();
    EXPECT_EQ(receive_text(receiver()), "one");
    EXPECT_EQ(receive_text(receiver()), "two");
    EXPECT_EQ(receive_error(receiver()), Code::closed);
    EXPECT_EQ(receive_error(receiver()), Code::closed);
  }
}

TEST_P(FramingTest, AMessageIsWrittenAsALine) {
  RawPeer peer = connect_raw_reader({.framing = Framing::lines});
  const std::string large(100'000, 'x');
  std::jthread writer{[&] {
    send(sender(), "one", Lane::data, When::later);
    send(sender(), "");
    Outgoing message{large};
    ASSERT_TRUE(send_waiting(sender(), message));
    send(sender(), "end", Lane::control);  // no lanes without frames: the order stays
    ASSERT_TRUE(flush_waiting(sender()));
    sender().close();
  }};
  EXPECT_EQ(text_of(read_to_end(peer.reads())), "one\n\n" + large + "\nend\n");
}

TEST_P(FramingTest, ALineEndInsideAMessageIsRefused) {
  connect({.framing = Framing::lines});
  Outgoing message{"two\nlines"};
  const auto sent = sender().try_send(message.frame, Lane::data, When::now);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), Code::invalid_argument);
  send(sender(), "one line");
  EXPECT_EQ(receive_text(receiver()), "one line");
}

TEST_P(FramingTest, ALineAboveTheLimitIsMalformedHoweverItComes) {
  for (const std::string_view text : {"0123456789a\n", "0123456789a"}) {
    const RawPeer peer = connect_raw({.framing = Framing::lines, .max_message = 10});
    write_raw(peer.writes(), "0123456789\n");
    write_raw(peer.writes(), text);
    EXPECT_EQ(receive_text(receiver()), "0123456789");
    EXPECT_EQ(receive_error(receiver()), Code::malformed);
    EXPECT_TRUE(receiver().arm_receive());
  }
}

TEST_P(FramingTest, AnEndlessLineIsFoundOutWithoutWaitingForItsEnd) {
  const RawPeer peer = connect_raw({.framing = Framing::lines, .max_message = 10});
  write_raw(peer.writes(), "first\n0123456789abcdef");
  EXPECT_EQ(receive_text(receiver()), "first");
  EXPECT_TRUE(receiver().arm_receive()) << "what is wrong is here already";
  EXPECT_EQ(receive_error(receiver()), Code::malformed);
}

TEST_P(FramingTest, ARestOfALineCanBeLeftToTheConnection) {
  RawPeer peer = connect_raw_reader({.framing = Framing::lines});
  const std::string large(huge(), 'x');
  {
    Outgoing message{large};
    ASSERT_EQ(sender().try_send(message.frame, Lane::data, When::now).value(),
              Progress::would_block);
    sender().take_over(message.frame);
  }
  std::jthread writer{[&] {
    ASSERT_TRUE(flush_waiting(sender()));
    send(sender(), "next");
    ASSERT_TRUE(flush_waiting(sender()));
    sender().close();
  }};
  EXPECT_TRUE(text_of(read_to_end(peer.reads())) == large + "\nnext\n");
}

TEST_P(FramingTest, RawIsWhateverWasWritten) {
  const RawPeer peer = connect_raw({.framing = Framing::raw});
  write_raw(peer.writes(), "any\nthing");
  EXPECT_EQ(receive_text(receiver()), "any\nthing");
  EXPECT_TRUE(is_silent(receiver()));
  EXPECT_FALSE(receiver().arm_receive());
}

TEST_P(FramingTest, RawMessagesAreAtMostTheLimit) {
  RawPeer peer = connect_raw({.framing = Framing::raw, .max_message = 4});
  write_raw(peer.writes(), "0123456789");
  peer.close();
  EXPECT_EQ(receive_text(receiver()), "0123");
  EXPECT_TRUE(receiver().arm_receive());
  EXPECT_EQ(receive_text(receiver()), "4567");
  EXPECT_EQ(receive_text(receiver()), "89");
  EXPECT_EQ(receive_error(receiver()), Code::closed);
}

TEST_P(FramingTest, RawIsWrittenAsItIs) {
  RawPeer peer = connect_raw_reader({.framing = Framing::raw});
  const std::string large(100'000, 'x');
  std::jthread writer{[&] {
    send(sender(), "one");
    send(sender(), "");
    Outgoing message{large};
    ASSERT_TRUE(send_waiting(sender(), message));
    ASSERT_TRUE(flush_waiting(sender()));
    sender().close();
  }};
  EXPECT_EQ(text_of(read_to_end(peer.reads())), "one" + large);
}

TEST_P(FramingTest, HalfALineIsHandedOn) {
  const RawPeer peer = connect_raw({.framing = Framing::lines});
  write_raw(peer.writes(), "one\ntw");
  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_TRUE(is_silent(receiver()));
  if (!hands_over()) {
    EXPECT_EQ(receiver().hand_over().error(), Code::refused);
    return;
  }
  auto handover = receiver().hand_over().value();
  ends_.first.reset();
  ends_.first = GetParam().transport()->adopt(std::move(handover)).value();
  write_raw(peer.writes(), "o\n");
  EXPECT_EQ(receive_text(receiver()), "two");
}

}  // namespace
}  // namespace troupe::harness
