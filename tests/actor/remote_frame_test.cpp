// SPDX-License-Identifier: Apache-2.0
// The bytes of a process actor's link, as docs/wire-protocol.md has them; and what is none of
// these.

#include "actor/process_actors.hpp"
#include "harness/raw_fd.hpp"
#include "troupe/runtime/actor/internal/hosting.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace troupe::actor_test {
namespace {

using harness::from_hex;
using harness::to_hex;

struct ReadAll {};

// Has a Hosting read, and answers with the error that ended it.
class Reading final {
 public:
  Reading(std::shared_ptr<actor::Hosting> hosting, const actor::Target& actor)
      : hosting_(std::move(hosting)), actor_(actor) {}

  std::string handle(ReadAll /*read*/) {
    const auto read = hosting_->read(actor_);
    return read ? "" : read.error().what();
  }

 private:
  std::shared_ptr<actor::Hosting> hosting_;
  actor::Target actor_;
};

class RemoteFrameTest : public testing::Test {
 protected:
  RemoteFrameTest() {
    auto ends =
        connect_ends(runtime_, Address{"unix:"}, transports::Direction::duplex, true).value();
    here_ = std::move(ends.first);
    const auto hosting = std::make_shared<actor::Hosting>(
        runtime_, std::move(ends.second), actor::remote_messages<Worker>(), actor::Window{});
    worker_ = runtime_.spawn<Worker>();
    read_ = runtime_.spawn<Reading>(hosting, worker_.target()).ask_async(ReadAll{}, forever);
  }

  void send(std::string_view hex) { here_.send_bytes(from_hex(hex)).value(); }
  std::string receive() { return to_hex(here_.receive_bytes().value()); }
  // What ended the reading.
  std::string end() { return read_.get().value(); }

  Runtime runtime_{workers(2)};
  Connection here_;
  Ref<Worker> worker_;
  Future<std::string> read_;
};

TEST_F(RemoteFrameTest, AnAskAndItsReplyAreTheseBytes) {
  send("02 03 01 d2 3b 9a ca 00 91 15");
  EXPECT_EQ(receive(), "04 01 92 01 0a 2a");
}

TEST_F(RemoteFrameTest, WhatWasToldBeforeIsDoneWithTheNextReply) {
  send("01 00 07");
  send("02 01 05 00 90");
  EXPECT_EQ(receive(), "04 05 92 02 08 91 07");
}

TEST_F(RemoteFrameTest, AnErrorSaysItsCodeEffectAndText) {
  send("02 04 09 00 92 a2 6e 6f 2c");  // Refuse{"no", 44}
  EXPECT_EQ(receive(), "05 09 92 01 09 94 09 c2 2c a2 6e 6f");
}

TEST_F(RemoteFrameTest, AMessageThatDoesNotDecodeIsTheAskersErrorAndTheLinkGoesOn) {
  send("02 03 01 00 a1 78");
  EXPECT_EQ(receive().substr(0, 5), "05 01");
  send("01 03 a1 78");
  send("02 03 02 00 91 15");
  EXPECT_EQ(receive().substr(0, 5), "04 02");
}

// Of the two asks none is answered, and both are done with.
TEST_F(RemoteFrameTest, AnAskThatIsGivenUpEndsWithoutAReply) {
  send("02 0b 05 00 91 a0");  // Linger{""}
  send("02 00 06 00 07");     // 7, which waits for its turn
  send("07 06");
  send("07 05");
  send("02 01 08 00 90");  // Read{}
  EXPECT_EQ(receive(), "04 08 92 03 10 90");
}

TEST_F(RemoteFrameTest, WhatIsGivenUpWhenItHasBeenAnsweredIsNoMatter) {
  send("02 03 01 00 91 15");
  EXPECT_EQ(receive(), "04 01 92 01 06 2a");
  send("07 01");
  send("02 03 02 00 91 15");
  EXPECT_EQ(receive(), "04 02 92 01 06 2a");
}

TEST_F(RemoteFrameTest, AStopEndsTheReading) {
  send("03");
  EXPECT_EQ(end(), "");
}

TEST_F(RemoteFrameTest, TheEndOfTheOtherSideEndsTheReading) {
  here_.close();
  EXPECT_EQ(end(), "");
}

class NoRemoteFrameTest : public RemoteFrameTest,
                          public testing::WithParamInterface<const char*> {};

TEST_P(NoRemoteFrameTest, EndsTheReadingWithAnError) {
  send(GetParam());
  EXPECT_NE(end(), "");
}

INSTANTIATE_TEST_SUITE_P(Frames, NoRemoteFrameTest,
                         testing::Values("00", "07", "07 c0", "08", "c0", "ff", "01", "01 7f 07",
                                         "01 cd ff ff 07", "02 03", "02 03 01", "04 01 92 01 0a 2a",
                                         "06 92 01 0a", "a4 74 65 6c 6c"));

}  // namespace
}  // namespace troupe::actor_test
