// SPDX-License-Identifier: Apache-2.0
// The bytes of the stream engine, and what it makes of a peer that breaks them. The peer here is a
// foreign program: plain reads and writes on the other end's descriptors. Golden bytes:
// research/python-multiprocessing.md §3.1, docs/wire-protocol.md#frames.
#include "transports/transport_test.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <random>
#include <thread>

namespace troupe::harness {
namespace {

using transports::IncomingFrame;
using transports::Lane;
using transports::Progress;
using transports::When;

std::size_t virtual_memory() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t pages = 0;
  statm >> pages;
  return pages * 4096;
}

Bytes joined(std::span<const std::byte> a, std::span<const std::byte> b) {
  Bytes both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// ---- what is written ---------------------------------------------------------------------------

TEST_P(StreamTest, WritesWhatPythonWrites) {
  const RawPeer peer = connect_raw_reader();
  const auto writes = [&](std::string_view body, std::string_view header) {
    Outgoing message{body};
    ASSERT_EQ(sender().try_send(message.frame, Lane::data, When::now).value(), Progress::done);
    EXPECT_EQ(to_hex(read_raw(peer.reads(), 4)), header);
    EXPECT_EQ(text_of(read_raw(peer.reads(), body.size())), body);
  };
  writes("", "00 00 00 00");
  writes("hello", "00 00 00 05");
  writes(std::string(16384, 'A'), "00 00 40 00");
  writes(std::string(16385, 'A'), "00 00 40 01");
}

TEST_P(StreamTest, ControlLeavesAsAFrameLikeAnyOther) {
  const RawPeer peer = connect_raw_reader();
  send(sender(), "data", Lane::data, When::later);
  send(sender(), "ctl", Lane::control, When::now);
  EXPECT_EQ(to_hex(read_raw(peer.reads(), 15)), "00 00 00 03 63 74 6c 00 00 00 04 64 61 74 61");
}

// ---- what is read ------------------------------------------------------------------------------

TEST_P(StreamTest, ReadsBytesInWhateverPortionsTheyCome) {
  Bytes stream;
  std::vector<Bytes> due;
  for (const std::size_t size : {0U, 1U, 5U, 300U, 0U, 70000U, 3U, 16385U}) {
    due.push_back(pattern(size, static_cast<unsigned>(size)));
    const auto length = static_cast<unsigned>(size);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      stream.push_back(static_cast<std::byte>(length >> shift));
    }
    stream.insert(stream.end(), due.back().begin(), due.back().end());
  }
  for (const unsigned seed : {0U, 1U, 2U}) {  // 0: a byte at a time, as far as is quick
    const RawPeer peer = connect_raw();
    std::minstd_rand random{seed};
    std::vector<Bytes> came;
    std::size_t at = 0;
    while (at < stream.size()) {
      const std::size_t portion = std::min<std::size_t>(
          stream.size() - at, seed == 0 && at < 2000 ? 1 : random() % 9000 + 1);
      write_raw(peer.writes(), std::span{stream}.subspan(at, portion));
      at += portion;
      IncomingFrame frame;
      while (receiver().try_receive(frame).value() == Progress::done) {
        came.emplace_back(frame.body.begin(), frame.body.end());
      }
    }
    while (came.size() < due.size()) {
      came.push_back(receive(receiver()).value());
    }
    EXPECT_TRUE(came == due);
  }
}

TEST_P(StreamTest, ReadsTheLongFormOfALengthAlsoForShortMessages) {
  const RawPeer peer = connect_raw();
  write_raw(peer.writes(), from_hex("ff ff ff ff 00 00 00 00 00 00 00 05 68 65 6c 6c 6f"
                                    "ff ff ff ff 00 00 00 00 00 00 00 00"));
  EXPECT_EQ(receive_text(receiver()), "hello");
  EXPECT_EQ(receive_text(receiver()), "");
}

TEST_P(StreamTest, AnAnnouncedLengthAboveTheLimitIsMalformedAtOnce) {  // W19
  for (const char* header :
       {"7f ff ff ff", "04 00 00 01", "ff ff ff ff 00 00 00 00 04 00 00 01",
        "ff ff ff ff 00 00 00 01 00 00 00 00", "ff ff ff ff 7f ff ff ff ff ff ff ff",
        "ff ff ff ff ff ff ff ff ff ff ff ff"}) {
    const RawPeer peer = connect_raw();
    write_raw(peer.writes(), joined(from_hex("00 00 00 02 6f 6b"), from_hex(header)));
    EXPECT_EQ(receive_text(receiver()), "ok");
    EXPECT_TRUE(receiver().arm_receive()) << "it is known, nothing needs to be waited for";
    const std::size_t before = virtual_memory();

    const Error error = receive_error(receiver());

    EXPECT_EQ(error, Code::malformed) << header;
    EXPECT_NE(std::string_view{error.what()}.find("67108864"), std::string_view::npos)
        << error.what();
    EXPECT_LT(virtual_memory(), before + (16U << 20U));
    EXPECT_EQ(receive_error(receiver()), Code::malformed);
  }
}

TEST_P(StreamTest, MemoryForABodyGrowsAsItArrives) {  // W19
  for (const char* header : {"7f ff ff ff", "ff ff ff ff 00 00 00 ff 00 00 00 00"}) {
    const RawPeer peer = connect_raw({.max_message = SIZE_MAX});
    write_raw(peer.writes(), joined(from_hex(header), pattern(3000)));
    const std::size_t before = virtual_memory();
    EXPECT_TRUE(is_silent(receiver()));
    EXPECT_LT(virtual_memory(), before + (16U << 20U));
  }
}

TEST_P(StreamTest, TheLargestLengthOfAllIsWaitedForWhereThereIsNoLimit) {
  RawPeer peer = connect_raw({.max_message = SIZE_MAX});
  write_raw(peer.writes(), joined(from_hex("ff ff ff ff ff ff ff ff ff ff ff ff"), pattern(3000)));
  EXPECT_FALSE(receiver().arm_receive());
  EXPECT_TRUE(is_silent(receiver()));
  peer.close();
  EXPECT_EQ(receive_error(receiver()), Code::malformed);
}

TEST_P(StreamTest, ANegativeLengthIsMalformed) {  // W19
  for (const char* header : {"ff ff ff fe", "80 00 00 00", "80 00 00 05", "fe ff ff ff"}) {
    const RawPeer peer = connect_raw();
    write_raw(peer.writes(), joined(from_hex(header), pattern(100)));

    const Error error = receive_error(receiver());

    EXPECT_EQ(error, Code::malformed) << header;
    EXPECT_NE(std::string_view{error.what()}.find("negative"), std::string_view::npos);
    EXPECT_EQ(receive_error(receiver()), Code::malformed);
  }
}

TEST_P(StreamTest, TextWhereALengthIsDueIsNamed) {
  const RawPeer peer = connect_raw();
  write_raw(peer.writes(), "GET / HTTP/1.1\r\n\r\n");
  const Error error = receive_error(receiver());
  EXPECT_EQ(error, Code::malformed);
  EXPECT_NE(std::string_view{error.what()}.find("framing=lines"), std::string_view::npos)
      << error.what();
}

// ---- how it ends -------------------------------------------------------------------------------

TEST_P(StreamTest, AnEndIsCleanOnlyBetweenMessages) {  // W19: three distinct outcomes
  const Bytes first = from_hex("00 00 00 02 6f 6b");
  const std::array headers{from_hex("00 00 00 05"),
                           from_hex("ff ff ff ff 00 00 00 00 00 00 00 05")};
  for (const Bytes& header : headers) {
    const Bytes second = joined(header, bytes_of("hello"));
    for (std::size_t cut = 0; cut <= second.size(); ++cut) {
      RawPeer peer = connect_raw();
      write_raw(peer.writes(), joined(first, std::span{second}.first(cut)));
      peer.close();
      EXPECT_EQ(receive_text(receiver()), "ok");
      if (cut == second.size()) {
        EXPECT_EQ(receive_text(receiver()), "hello");
      }
      const Error end = receive_error(receiver());
      const bool clean = cut == 0 || cut == second.size();
      EXPECT_EQ(end, clean ? Code::closed : Code::malformed) << "after " << cut << " bytes";
      EXPECT_EQ(receive_error(receiver()), clean ? Code::closed : Code::malformed);
    }
  }
}

TEST_P(StreamTest, AnEndInsideALargeBodyIsMalformed) {
  constexpr std::size_t kSize = 0x20000;
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{1}, std::size_t{60000}, std::size_t{65536}, kSize - 1, kSize}) {
    RawPeer peer = connect_raw();
    const Bytes body = pattern(kSize);
    Bytes place(kSize);
    std::jthread writer{[&] {
      write_raw(peer.writes(), joined(from_hex("00 02 00 00"), std::span{body}.first(cut)));
      peer.close();
    }};
    const auto received = receive(receiver());
    if (cut == kSize) {
      ASSERT_TRUE(received);
      EXPECT_TRUE(*received == body);
      EXPECT_EQ(receive_error(receiver()), Code::closed);
    } else {
      ASSERT_FALSE(received);
      EXPECT_EQ(received.error(), Code::malformed) << cut;
    }
  }
}

TEST_P(StreamTest, ABrokenLinkIsNoEnd) {  // the third outcome
  RawPeer peer = connect_raw();
  switch (GetParam().reset) {
    case Way::Reset::none:
      peer.close();
      EXPECT_EQ(receive_error(receiver()), Code::closed) << "a pipe has no other end";
      return;
    case Way::Reset::by_unread:
      send(receiver(), "never read");
      break;
    case Way::Reset::by_linger: {
      const linger at_once{1, 0};
      ASSERT_EQ(::setsockopt(peer.writes(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
      break;
    }
  }
  peer.close();
  const Error error = receive_error(receiver());
  EXPECT_EQ(error, Code::disconnected);
  EXPECT_EQ(receive_error(receiver()), Code::disconnected) << "it does not turn into an end";
}

TEST_P(StreamTest, ABrokenLinkInsideAMessageIsBrokenNotTruncated) {
  RawPeer peer = connect_raw();
  if (GetParam().reset == Way::Reset::none) {
    return;  // AnEndIsCleanOnlyBetweenMessages has what a pipe can do
  }
  if (GetParam().reset == Way::Reset::by_unread) {
    send(receiver(), "never read");
  } else {
    const linger at_once{1, 0};
    ASSERT_EQ(::setsockopt(peer.writes(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  }
  write_raw(peer.writes(), from_hex("00 00 00 05 68"));
  EXPECT_TRUE(is_silent(receiver()));
  peer.close();
  EXPECT_EQ(receive_error(receiver()), Code::disconnected);
}

// ---- handing over ------------------------------------------------------------------------------

TEST_P(StreamTest, HalfAHeaderAndHalfABodyAreHandedOn) {
  const Bytes stream = from_hex("00 00 00 02 6f 6b 00 00 00 05 68 65 6c 6c 6f");
  for (std::size_t cut = 6; cut <= stream.size(); ++cut) {
    const RawPeer peer = connect_raw();
    write_raw(peer.writes(), std::span{stream}.first(cut));
    EXPECT_EQ(receive_text(receiver()), "ok");
    if (cut < stream.size()) {
      EXPECT_TRUE(is_silent(receiver()));
    }
    if (!hands_over()) {
      EXPECT_EQ(receiver().hand_over().error(), Code::refused);
      continue;
    }
    auto handover = receiver().hand_over().value();
    ends_.first.reset();
    ends_.first = GetParam().transport()->adopt(std::move(handover)).value();

    write_raw(peer.writes(), std::span{stream}.subspan(cut));

    EXPECT_EQ(receive_text(receiver()), "hello");
  }
}

TEST_P(StreamTest, NeverChangesTheFlagsOfADescriptorThatOthersShare) {
  connect();
  const int fd = receiver().readable().fd;
  const int flags = ::fcntl(fd, F_GETFL);
  (void)cross(sender(), pattern(1 << 20), receiver());
  EXPECT_TRUE(is_silent(receiver()));
  EXPECT_EQ(::fcntl(fd, F_GETFL), flags);
  if (transport().scheme() != "fifo") {  // named pipes are opened anew by each side: not shared
    EXPECT_EQ(flags & O_NONBLOCK, 0);
  }
}

}  // namespace
}  // namespace troupe::harness
