// SPDX-License-Identifier: Apache-2.0
// A listener that wants a key asks for it in its first message; one who has none must learn that,
// however he looks at the connection.
#include "troupe/base/bytes.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace troupe {
namespace {

using namespace std::chrono_literals;

class ChallengeTest : public testing::Test {
 protected:
  // Lets the listener go on for a moment, in which nobody proves anything.
  void let_it_ask() { EXPECT_EQ(listener_.accept(Deadline::at_once()).error(), Code::timed_out); }

  Runtime runtime_{RuntimeOptions{}};
  Listener listener_ =
      Listener::create(runtime_, "inproc://challenge", {.key = AuthKey{"k"}}).value();
  Connection client_ = connect(runtime_, "inproc://challenge").value();
};

TEST_F(ChallengeTest, AReceiverIsTold) {
  let_it_ask();
  EXPECT_EQ(client_.receive_bytes(5s).error(), Code::refused);
  EXPECT_EQ(client_.receive_bytes(5s).error(), Code::refused) << "again";
  EXPECT_EQ(client_.poll(5s).error(), Code::refused);
}

TEST_F(ChallengeTest, WhoWaitsForManyThingsIsToldByTheReceiveThatFollows) {
  let_it_ask();
  EXPECT_EQ(wait_any(runtime_, {client_}, 5s).value().size(), 1U);
  EXPECT_EQ(client_.receive_bytes(5s).error(), Code::refused);
}

TEST_F(ChallengeTest, WhatOnlyLooksSimilarIsAMessage) {
  Listener open = Listener::create(runtime_, "inproc://open").value();
  Connection client = connect(runtime_, "inproc://open").value();
  Connection server = open.accept(5s).value();
  for (const std::string text : {"#CHALLENGE#", "#CHALLENGE#short"}) {
    server.send_bytes(bytes_of(text)).value();
    EXPECT_EQ(text_of(client.receive_bytes(5s).value()), text);
  }
}

}  // namespace
}  // namespace troupe
