// SPDX-License-Identifier: Apache-2.0
// The bytes of a link between nodes, as the example in docs/wire-protocol.md has them, said to a
// node that listens by somebody who has only that page; and what is none of these.

#include "troupe/runtime/node/internal/link_frame.hpp"

#include "harness/raw_fd.hpp"
#include "node/subjects.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

struct Deposit {
  long amount = 0;
};

class Vault final {
 public:
  using Accepts = troupe::Protocol<long(Deposit)>;
  long handle(Deposit deposit) { return total_ += deposit.amount; }

 private:
  long total_ = 0;
};

}  // namespace bank

namespace troupe::node_test {
namespace {

using harness::from_hex;
using harness::to_hex;

// bank::Deposit, answered by int64, is type 1.
constexpr std::string_view kDeclare =
    "03 01 92 93 ad 62 61 6e 6b 3a 3a 44 65 70 6f 73 69 74 c2 91 cf fa b9 23 f7 97 16 85 9f"
    " 93 a3 69 6e 74 c2 91 cf f5 a7 38 c5 7a 91 1f f3";

class LinkFrameTest : public testing::Test {
 protected:
  void send(std::string_view hex) { connection_.send_bytes(from_hex(hex)).value(); }
  // Of what is no sign of life.
  std::string receive() {
    for (;;) {
      const Bytes frame = connection_.receive_bytes(60s).value();
      if (!frame.empty() && frame.front() != std::byte{7}) {
        return to_hex(frame);
      }
    }
  }
  // Until the link is there.
  void meet() {
    send(kHello);
    (void)receive();
    EXPECT_EQ(receive(), "02 93 c3 c2 a0");  // welcome
    send("02 93 c3 c2 a0");
  }

  Runtime there_{named("there")};
  Runtime here_{named("here")};
  const Ref<bank::Vault> vault_ = there_.spawn<bank::Vault>();  // the first actor there
  const Address address_ = there_.listen("unix:").value();
  Connection connection_ = troupe::connect(here_, address_).value();
};

TEST_F(LinkFrameTest, TheExampleOfThePageIsTrue) {
  meet();
  send(kDeclare);
  send("10 95 01 cf 00 00 00 01 00 00 00 00 01 01 00 91 05");                       // Deposit{5}
  send("11 95 01 cf 00 00 00 01 00 00 00 00 01 02 00 01 ce 3b 9a ca 00 00 91 07");  // within 1 s
  EXPECT_EQ(receive(), "12 01 0c");
  EXPECT_EQ(vault_.ask(bank::Deposit{0}).value(), 12);
}

TEST_F(LinkFrameTest, TheHelloOfThePageIsTrue) {
  send(kHello);
  const Bytes hello = from_hex(receive());
  const Incoming incoming{.bytes = hello};
  const DecodeLimits limits;
  Reader reader{incoming, limits};
  EXPECT_EQ(node::read_kind(reader).value(), node::LinkFrame::hello);
  const auto theirs = reader.value<node::Hello>().value();
  EXPECT_EQ(theirs.magic, "troupe-node");
  EXPECT_EQ(theirs.version, 1U);
  EXPECT_EQ(theirs.node.name, "there");
  EXPECT_EQ(theirs.node.address, address_.text());
  EXPECT_EQ(theirs.detection, 5'000'000'000U);
  EXPECT_EQ(theirs.window_messages, 256U);
  EXPECT_EQ(theirs.window_bytes, 4U << 20U);
  EXPECT_EQ(theirs.near, "") << "who says no host is told no name";
}

TEST_F(LinkFrameTest, AVersionThatIsNotOursIsRefusedWithBoth) {
  std::string hello{kHello};
  hello.replace(hello.find("64 65 01") + 6, 2, "07");
  send(hello);
  (void)receive();
  const Bytes verdict = from_hex(receive());
  const std::string text{reinterpret_cast<const char*>(verdict.data()), verdict.size()};
  EXPECT_NE(text.find("it speaks version 7 of the link protocol, this node version 1"),
            std::string::npos)
      << text;
}

TEST_F(LinkFrameTest, TheEndOfAnActorThatIsWatchedIsTold) {
  meet();
  send("04 cf 00 00 00 01 00 00 00 00");
  send("05 cf 00 00 00 01 00 00 00 00");
  EXPECT_EQ(receive().substr(0, 29), "14 cf 00 00 00 01 00 00 00 00");
}

TEST_F(LinkFrameTest, WhoIsInAGroupIsToldWithTheTypesThatItTakes) {
  meet();
  there_.group<bank::Vault>("vaults").join(vault_);
  EXPECT_EQ(receive().substr(0, 5), "03 01");  // its type 1
  EXPECT_EQ(receive(), "0a cf 00 00 00 01 00 00 00 00 a6 76 61 75 6c 74 73 91 01");
  there_.group<bank::Vault>("vaults").leave(vault_);
  EXPECT_EQ(receive(), "0b cf 00 00 00 01 00 00 00 00 a6 76 61 75 6c 74 73");
}

TEST_F(LinkFrameTest, ATypeThatTheActorDoesNotTakeIsRefusedAndTheLinkGoesOn) {
  meet();
  send(kDeclare);
  std::string other{kDeclare};  // bank::Deposix
  other.replace(other.find("03 01"), 5, "03 02").replace(other.find("73 69 74"), 8, "73 69 78");
  send(other);
  send("11 95 01 cf 00 00 00 01 00 00 00 00 02 01 00 01 00 00 91 07");
  const Bytes error = from_hex(receive());
  const std::string text{reinterpret_cast<const char*>(error.data()), error.size()};
  EXPECT_NE(text.find("the actor takes no bank::Deposix"), std::string::npos) << text;
  send("11 95 01 cf 00 00 00 01 00 00 00 00 01 02 00 02 00 00 91 07");
  EXPECT_EQ(receive(), "12 02 07");
}

TEST_F(LinkFrameTest, WhatIsNoneOfThePagesFramesEndsTheLink) {
  const std::vector<std::string_view> bad{
      "",
      "c1",
      "00",
      "0c 01",
      "01",
      "10 95 01 cf 00 00 00 01 00 00 00 00 01 02 00 91 05",  // a gap in its sequence
      "10 95 01 cf 00 00 00 01 00 00 00 00 09 01 00 91 05",  // a type that was not declared
      "0a 01 a1 78 a0",                                      // a group whose types are a text
      "15 01 c3 c4 01 c1",                                   // a large frame of garbage
  };
  for (const std::string_view frame : bad) {
    connection_ = troupe::connect(here_, address_).value();
    meet();
    send(kDeclare);
    send(frame);
    Result<Bytes> last = connection_.receive_bytes(60s);
    while (last) {
      last = connection_.receive_bytes(60s);
    }
    EXPECT_NE(last.error(), Code::timed_out) << frame;
  }
  EXPECT_EQ(vault_.ask(bank::Deposit{3}).value(), 3);
}

}  // namespace
}  // namespace troupe::node_test
