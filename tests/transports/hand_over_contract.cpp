// SPDX-License-Identifier: Apache-2.0
// What every FrameConnection promises about going on in another process.
#include "harness/child.hpp"
#include "transports/transport_test.hpp"

#include <sys/mman.h>

namespace troupe::harness {
namespace {

using transports::FrameConnection;
using transports::Handover;
using transports::Lane;
using transports::Progress;
using transports::When;

// As in another process: another transport object, and the first end is gone.
std::unique_ptr<FrameConnection> hand_on(std::unique_ptr<FrameConnection>& end) {
  Handover handover = end->hand_over().value();
  end->close();
  end.reset();
  return FrameConnectionTest::GetParam().transport()->adopt(std::move(handover)).value();
}

TEST_P(FrameConnectionTest, AConnectionThatIsHandedOnGoesOnWhereItWas) {  // FD-04, FD-06
  connect();
  for (const char* body : {"one", "two", "three"}) {
    send(sender(), body, Lane::data, When::later);
  }
  EXPECT_EQ(sender().try_flush().value(), Progress::done);
  EXPECT_EQ(receive_text(receiver()), "one");  // the others are here already, unread
  if (!hands_over()) {
    const auto handover = receiver().hand_over();
    ASSERT_FALSE(handover);
    EXPECT_EQ(handover.error(), Code::refused);
    EXPECT_FALSE(transport().adopt({.peer = receiver().peer().text()}));
    EXPECT_EQ(receive_text(receiver()), "two");  // it stays usable
    return;
  }
  ends_.first = hand_on(ends_.first);
  ends_.second = hand_on(ends_.second);
  send(sender(), "four");

  for (const char* body : {"two", "three", "four"}) {
    EXPECT_EQ(receive_text(receiver()), body);
  }
  EXPECT_EQ(receiver().capabilities().fds, GetParam().capabilities.fds);
  EXPECT_EQ(receiver().capabilities().duplex, GetParam().capabilities.duplex);
  if (is_duplex()) {
    send(receiver(), "back");
    EXPECT_EQ(receive_text(sender()), "back");
  }
  sender().close();
  EXPECT_EQ(receive_error(receiver()), Code::closed);
}

TEST_P(FrameConnectionTest, WhatIsBufferedMustLeaveBeforeHandingOn) {
  connect();
  send(sender(), "later", Lane::data, When::later);
  const auto early = sender().hand_over();
  if (is_stream() && !gathers()) {
    EXPECT_TRUE(early) << "nothing is buffered";
    return;
  }
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error(), Code::refused);
  if (!hands_over()) {
    return;  // it never leaves its process
  }
  EXPECT_EQ(sender().try_flush().value(), Progress::done);
  EXPECT_TRUE(sender().hand_over());
}

TEST_P(FrameConnectionTest, AMessageThatIsHalfReceivedMustBeReceivedBeforeHandingOn) {
  connect();
  if (hands_over_whole() || !hands_over()) {
    return;  // frames come whole; or it never leaves its process
  }
  Outgoing message{pattern(4 << 20)};
  ASSERT_EQ(sender().try_send(message.frame, Lane::data, When::now).value(), Progress::would_block);
  EXPECT_EQ(sender().hand_over().error(), Code::refused);
  ASSERT_TRUE(is_silent(receiver()));  // has begun to take it in
  EXPECT_EQ(receiver().hand_over().error(), Code::refused);
  (void)cross(sender(), message, receiver());
  EXPECT_TRUE(receiver().hand_over());
  EXPECT_TRUE(sender().hand_over());
}

TEST_P(FrameConnectionTest, AConnectionThatCarriedDescriptorsCanBeHandedOn) {
  connect();
  if (!is_stream() || !carries_fds()) {
    return;  // it carried none
  }
  std::vector<UniqueFd> fds;
  fds.emplace_back(::memfd_create("test", MFD_CLOEXEC));
  Outgoing message{"file", std::move(fds)};
  ASSERT_TRUE(send_waiting(sender(), message));
  EXPECT_EQ(receive_text(receiver()), "file");
  EXPECT_EQ(receiver().hand_over().error(), Code::refused) << "its descriptor is not taken yet";
  const UniqueFd taken = std::move(receiver().fds()[0]);

  ends_.first = hand_on(ends_.first);

  send(sender(), "next");
  EXPECT_EQ(receive_text(receiver()), "next");
}

TEST_P(FrameConnectionTest, AnotherProcessCanGoOnWithAConnection) {
  connect();
  send(sender(), "one");
  send(sender(), "two");
  EXPECT_EQ(receive_text(receiver()), "one");
  if (!hands_over()) {
    return;  // AConnectionThatIsHandedOnGoesOnWhereItWas has the refusal
  }
  Handover handover = receiver().hand_over().value();
  Child child{[&] {
    ends_.second.reset();  // only its parent sends
    const auto adopted = GetParam().transport()->adopt(std::move(handover)).value();
    EXPECT_EQ(receive_text(*adopted), "two");
    EXPECT_EQ(receive_text(*adopted), "three");
    EXPECT_EQ(receive_error(*adopted), Code::closed);
  }};
  ends_.first.reset();
  send(sender(), "three");
  ends_.second.reset();
  EXPECT_EQ(child.join(), 0);
}

TEST_P(FrameConnectionTest, AHandoverWithoutDescriptorsIsRefused) {
  connect();
  Handover empty;
  empty.peer = receiver().peer().text();
  EXPECT_FALSE(transport().adopt(std::move(empty)));
}

}  // namespace
}  // namespace troupe::harness
