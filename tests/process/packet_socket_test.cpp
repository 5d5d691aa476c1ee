// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/packet_socket.hpp"

#include "support.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace troupe::process {
namespace {

class PacketSocketTest : public testing::Test {
 protected:
  Result<void> send(const std::vector<std::string>& texts, const std::vector<int>& fds = {}) {
    std::vector<std::span<const std::byte>> pieces;
    for (const std::string& text : texts)
      pieces.push_back(bytes_of(text));
    return send_packet(ends_.first.get(), pieces, fds);
  }
  Result<Packet> receive() const { return receive_packet(ends_.second.get()); }

  std::pair<UniqueFd, UniqueFd> ends_ = packet_socket_pair().value();
};

TEST_F(PacketSocketTest, PiecesArriveAsOnePacket) {
  ASSERT_TRUE(send({"one ", "", "packet"}));
  EXPECT_EQ(text_of(receive().value().bytes), "one packet");
}

TEST_F(PacketSocketTest, PacketsKeepTheirBounds) {
  ASSERT_TRUE(send({"first"}));
  ASSERT_TRUE(send({}));
  ASSERT_TRUE(send({"third"}));
  EXPECT_EQ(text_of(receive().value().bytes), "first");
  EXPECT_EQ(receive().value().bytes.size(), 0U);
  EXPECT_EQ(text_of(receive().value().bytes), "third");
}

TEST_F(PacketSocketTest, MebibytesArriveWhole) {
  const std::string large(9U << 20U, 'x');
  ASSERT_TRUE(
      send({"head", large, "tail"}));  // nobody reads meanwhile: it must not need the socket
  const Packet packet = receive().value();
  EXPECT_EQ(packet.bytes.size(), large.size() + 8);
  EXPECT_EQ(text_of(packet.bytes).substr(0, 6), "headxx");
  EXPECT_EQ(text_of(packet.bytes).substr(large.size() + 4), "tail");
  EXPECT_TRUE(packet.fds.empty());
}

TEST_F(PacketSocketTest, HundredsOfDescriptorsArriveInOrder) {
  const test::Ends pipe = test::make_pipe();
  std::vector<int> fds(600, pipe.writer.get());
  fds.back() = pipe.reader.get();
  ASSERT_TRUE(send({std::string(100000, 'y')}, fds));
  const Packet packet = receive().value();
  ASSERT_EQ(packet.fds.size(), 600U);
  test::write_text(packet.fds.front(), "z");
  char byte = 0;
  ASSERT_EQ(::read(packet.fds.back().get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'z');
}

TEST_F(PacketSocketTest, TheEndIsClosedForTheReaderAndDisconnectedForTheWriter) {
  ends_.first.reset();
  EXPECT_EQ(receive().error(), Code::closed);
  ends_ = packet_socket_pair().value();
  ends_.second.reset();
  EXPECT_EQ(send({"x"}).error(), Code::disconnected);
}

TEST_F(PacketSocketTest, AnotherVersionIsMalformed) {
  constexpr std::array<std::uint64_t, 2> kForeign{42, 0};
  ASSERT_EQ(::send(ends_.first.get(), kForeign.data(), sizeof(kForeign), 0), 16);
  EXPECT_EQ(receive().error(), Code::malformed);
}

TEST_F(PacketSocketTest, NoDescriptorIsLeftOpen) {
  const auto before = test::open_fds();
  {
    const test::Ends pipe = test::make_pipe();
    ASSERT_TRUE(send({std::string(100000, 'y')}, {pipe.reader.get(), pipe.writer.get()}));
    ASSERT_EQ(receive().value().fds.size(), 2U);
  }
  EXPECT_EQ(test::open_fds(), before);
}

}  // namespace
}  // namespace troupe::process
