// SPDX-License-Identifier: Apache-2.0
// What every Connection promises (runtime/channel/connection.hpp), over each transport. Ids in
// comments are those of research/python-multiprocessing.md §2.10 and §4.
#include "channel/channel_test.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace troupe::harness {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// ---- messages ----------------------------------------------------------------------------------

TEST_P(ConnectionTest, AnotherProcessEchoesEveryMessage) {  // CN-01, CN-05, CN-08, CN-13
  connect();
  if (!is_duplex()) {
    Party party{crosses_processes(), second_, first_, [](Connection& end) {
                  for (unsigned i = 0; i < 100; ++i) {
                    EXPECT_TRUE(end.send_bytes(pattern(i * 700, i)));
                  }
                }};
    for (unsigned i = 0; i < 100; ++i) {
      ASSERT_TRUE(first_.receive_bytes().value() == pattern(i * 700, i));
    }
    EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
    party.expect_success();
    return;
  }
  Party party{crosses_processes(), second_, first_, [](Connection& end) {
                while (auto message = end.receive_bytes()) {
                  ASSERT_TRUE(end.send_bytes(*message));
                }
              }};
  unsigned seed = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 16 * kKiB, 16 * kKiB + 1,
                                 std::size_t{0}, 64 * kKiB + 1, kMiB, 16 * kMiB, std::size_t{5}}) {
    const Bytes message = pattern(size, ++seed);
    ASSERT_TRUE(first_.send_bytes(message));
    ASSERT_TRUE(first_.receive_bytes().value() == message) << size;
  }
  first_.close();
  party.expect_success();
}

TEST_P(ConnectionTest, ReceivesIntoAPlaceAndTellsTheSize) {  // CN-02
  connect();
  Bytes place(2 * kMiB, std::byte{0xee});
  std::jthread sender{[&] {
    EXPECT_TRUE(second_.send_bytes(bytes("hello")));
    EXPECT_TRUE(second_.send_bytes({}));
    EXPECT_TRUE(second_.send_bytes(pattern(kMiB)));
  }};
  EXPECT_EQ(first_.receive_into(std::span{place}.subspan(3)).value(), 5U);
  EXPECT_EQ(text_of(std::span{place}.subspan(3, 5)), "hello");
  EXPECT_EQ(place[2], std::byte{0xee});
  EXPECT_EQ(place[8], std::byte{0xee});
  EXPECT_EQ(first_.receive_into(place).value(), 0U);
  EXPECT_EQ(first_.receive_into(place).value(), kMiB);
  EXPECT_TRUE(std::ranges::equal(std::span{place}.first(kMiB), pattern(kMiB)));
}

TEST_P(ConnectionTest, AMessageThatDoesNotFitStaysUntilAPlaceDoes) {  // CN-03
  for (const std::size_t size : {std::size_t{5}, kMiB}) {
    connect();
    std::jthread sender{[&] {
      EXPECT_TRUE(second_.send_bytes(pattern(size)));
      EXPECT_TRUE(second_.send_bytes(bytes("next")));
    }};
    Bytes small(size - 1);
    for (int i = 0; i < 2; ++i) {
      const auto received = first_.receive_into(small);
      ASSERT_FALSE(received);
      EXPECT_EQ(received.error(), Code::invalid_argument);
      EXPECT_NE(std::string_view{received.error().what()}.find(std::to_string(size)),
                std::string_view::npos);
    }
    Bytes enough(size);
    EXPECT_EQ(first_.receive_into(enough).value(), size);
    EXPECT_TRUE(enough == pattern(size));
    EXPECT_EQ(text(first_.receive_bytes()), "next");
  }
}

TEST_P(ConnectionTest, ManyMessagesOfRandomSizesCrossBothWaysAtOnce) {
  connect();
  constexpr unsigned kMessages = 3000;
  const auto size_of = [](unsigned i, unsigned seed) {
    std::minstd_rand random{i * 31 + seed};
    random.discard(3);
    const auto kind = random() % 100;
    return kind == 0 ? random() % 300'000 : kind < 20 ? random() % 20'000 : random() % 200;
  };
  const auto send_all = [&](Connection& end, unsigned seed) {
    for (unsigned i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(end.send_bytes(pattern(size_of(i, seed), i)));
    }
    EXPECT_TRUE(end.flush());
  };
  const auto receive_all = [&](Connection& end, unsigned seed) {
    for (unsigned i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(end.receive_bytes().value() == pattern(size_of(i, seed), i)) << i;
    }
  };
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { send_all(second_, 1); });
  threads.emplace_back([&] { receive_all(first_, 1); });
  if (is_duplex()) {
    threads.emplace_back([&] { send_all(first_, 2); });
    threads.emplace_back([&] { receive_all(second_, 2); });
  }
}

TEST_P(ConnectionTest, AMessageAboveTheLimitIsRefusedAndTheConnectionGoesOn) {
  connect({.max_message = 1000});
  const auto sent = second_.send_bytes(pattern(1001));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), Code::invalid_argument);
  EXPECT_EQ(sent.error().effect(), Effect::none);
  ASSERT_TRUE(second_.send_bytes(pattern(1000)));
  EXPECT_EQ(first_.receive_bytes().value(), pattern(1000));
}

TEST_P(ConnectionTest, AnEndThatCannotSaysSo) {  // CN-07
  connect();
  EXPECT_EQ(first_.capabilities().duplex, is_duplex());
  if (is_duplex()) {
    ASSERT_TRUE(first_.send_bytes(bytes("back")));
    EXPECT_EQ(text(second_.receive_bytes()), "back");
    return;
  }
  EXPECT_EQ(outcome(first_.send_bytes(bytes("back"))), "invalid_argument");
  EXPECT_EQ(outcome(second_.receive_bytes()), "invalid_argument");
  EXPECT_EQ(outcome(second_.poll(0s)), "invalid_argument");
  ASSERT_TRUE(second_.send_bytes(bytes("there")));
  EXPECT_EQ(text(first_.receive_bytes()), "there");
}

// ---- poll --------------------------------------------------------------------------------------

TEST_P(ConnectionTest, PollWaitsForAMessageAndTakesNone) {  // CN-04, CN-14, CN-15
  connect();
  EXPECT_EQ(outcome(first_.poll(0s)), "timed_out");
  EXPECT_EQ(outcome(first_.poll(-1s)), "timed_out");
  const Instant before = Clock::system().now();
  EXPECT_EQ(outcome(first_.poll(20ms)), "timed_out");
  EXPECT_GE(Clock::system().now() - before, 20ms) << "not early";

  ASSERT_TRUE(second_.send_bytes(bytes("one")));
  ASSERT_TRUE(second_.send_bytes(bytes("two")));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(first_.poll(forever)), "ok");
    EXPECT_EQ(outcome(first_.poll(0s)), "ok");
  }
  EXPECT_EQ(text(first_.receive_bytes()), "one");
  EXPECT_EQ(text(first_.receive_bytes()), "two");
  EXPECT_EQ(outcome(first_.poll(0s)), "timed_out");
}

TEST_P(ConnectionTest, AnEmptyMessageIsOneToPollToo) {  // CN-12
  connect();
  ASSERT_TRUE(second_.send_bytes({}));
  EXPECT_EQ(outcome(first_.poll(forever)), "ok");
  EXPECT_EQ(outcome(first_.poll(0s)), "ok");
  EXPECT_EQ(first_.receive_bytes(0s).value().size(), 0U);
}

TEST_P(ConnectionTest, APolledMessageIsReceivedIntoAPlaceAsWell) {
  connect();
  std::jthread sender{[&] { EXPECT_TRUE(second_.send_bytes(pattern(kMiB))); }};
  ASSERT_TRUE(first_.poll(forever));
  Bytes place(kMiB);
  EXPECT_EQ(first_.receive_into(place).value(), kMiB);
  EXPECT_TRUE(place == pattern(kMiB));
}

TEST_P(ConnectionTest, PollMeansAWholeMessage) {  // W20
  connect();
  if (!has_bytes()) {
    return;  // whole frames are all there is
  }
  const UniqueFd raw = raw_second();
  const Bytes frame = from_hex("00 00 00 05 68 65 6c 6c 6f");
  for (std::size_t i = 0; i < frame.size(); ++i) {
    EXPECT_EQ(outcome(first_.poll(0s)), "timed_out") << i << " bytes are none";
    EXPECT_EQ(outcome(first_.receive_bytes(0s)), "timed_out");
    write_raw(raw.get(), std::span{frame}.subspan(i, 1));
  }
  EXPECT_EQ(outcome(first_.poll(0s)), "ok");
  EXPECT_EQ(text(first_.receive_bytes()), "hello");
}

TEST_P(ConnectionTest, PollTellsTheEndAsAnError) {
  connect();
  ASSERT_TRUE(second_.send_bytes(bytes("last")));
  second_.close();
  EXPECT_EQ(outcome(first_.poll(forever)), "ok");
  EXPECT_EQ(text(first_.receive_bytes()), "last");
  EXPECT_EQ(outcome(first_.poll(forever)), "closed");
}

TEST_P(ConnectionTest, ItsDescriptorCanBeSelectedOn) {
  connect();
  EXPECT_EQ(outcome(first_.poll(0s)), "timed_out");
  EXPECT_FALSE(is_readable(first_.fileno()));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(second_.send_bytes(bytes("hello")));
    wait_readable(first_.fileno());
    EXPECT_EQ(text(first_.receive_bytes(0s)), "hello");
    EXPECT_EQ(outcome(first_.receive_bytes(0s)), "timed_out");
    EXPECT_FALSE(is_readable(first_.fileno()));
  }
  second_.close();
  wait_readable(first_.fileno());
}

// ---- ends --------------------------------------------------------------------------------------

TEST_P(ConnectionTest, WhenThePeerIsGoneBothReceivesSaySo) {  // CN-06
  connect();
  ASSERT_TRUE(second_.send_bytes(bytes("last")));
  second_.close();
  EXPECT_EQ(text(first_.receive_bytes()), "last");
  Bytes place(10);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
    EXPECT_EQ(outcome(first_.receive_into(place)), "closed");
    EXPECT_EQ(outcome(first_.poll(forever)), "closed");
  }
  if (is_duplex()) {
    Result<void> sent;
    while (sent) {
      sent = first_.send_bytes(bytes("anybody?"));
    }
    EXPECT_EQ(sent.error(), Code::disconnected);
  }
}

TEST_P(ConnectionTest, SendingToAReaderThatIsGoneIsDisconnected) {
  connect();
  first_.close();
  Result<void> sent;
  while (sent) {
    sent = second_.send_bytes(bytes("anybody?"));
  }
  EXPECT_EQ(sent.error(), Code::disconnected);
  EXPECT_NE(std::string_view{sent.error().what()}.find(second_.peer().scheme()),
            std::string_view::npos);
}

TEST_P(ConnectionTest, AKilledPeerIsSeenAndWhatItSentIsReceived) {
  connect();
  if (!crosses_processes()) {
    return;  // a thread cannot be killed alone
  }
  Party party{true, second_, first_, [](Connection& end) {
                ASSERT_TRUE(end.send_bytes(bytes("last words")));
                ::raise(SIGKILL);
              }};
  EXPECT_EQ(text(first_.receive_bytes()), "last words");
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
  EXPECT_EQ(party.child().join(), -SIGKILL);
}

TEST_P(ConnectionTest, AnEndInsideAMessageIsMalformedNotClosed) {  // W19
  const Bytes frame = from_hex("00 00 00 05 68 65 6c 6c 6f");
  for (const std::size_t cut : {1U, 4U, 5U, 8U}) {
    connect();
    if (!has_bytes()) {
      return;  // frames come whole
    }
    UniqueFd raw = raw_second();
    write_raw(raw.get(), std::span{frame}.first(cut));
    raw.reset();
    EXPECT_EQ(outcome(first_.receive_bytes()), "malformed") << cut;
    EXPECT_EQ(outcome(first_.poll(0s)), "malformed");
  }
}

TEST_P(ConnectionTest, AHeaderThatAnnouncesTooMuchIsMalformedWithoutWaiting) {  // W19
  connect();
  if (!has_bytes()) {
    return;  // there are no headers
  }
  const UniqueFd raw = raw_second();
  // A receiver that has learned to expect a wait looks at what has come only.
  std::jthread writer{[&] { write_raw(raw.get(), from_hex("00 00 00 01 61")); }};
  EXPECT_EQ(text(first_.receive_bytes()), "a");
  writer.join();
  EXPECT_EQ(outcome(first_.receive_bytes(0s)), "timed_out");
  write_raw(raw.get(), from_hex("00 00 00 01 62 7f ff ff ff"));
  EXPECT_EQ(text(first_.receive_bytes()), "b");
  EXPECT_EQ(outcome(first_.receive_bytes()), "malformed");
}

TEST_P(ConnectionTest, EveryUseAfterCloseIsClosed) {  // CN-11
  connect();
  Connection moved = std::move(second_);
  moved.close();
  moved.close();
  Connection empty;
  Bytes place(10);
  for (Connection* end : {&moved, &second_, &empty}) {
    EXPECT_EQ(outcome(end->send_bytes(bytes("x"))), "closed");
    EXPECT_EQ(outcome(end->receive_bytes()), "closed");
    EXPECT_EQ(outcome(end->receive_into(place)), "closed");
    EXPECT_EQ(outcome(end->poll(forever)), "closed");
    EXPECT_EQ(outcome(end->flush()), "closed");
    EXPECT_EQ(outcome(end->hand_over()), "closed");
    EXPECT_EQ(end->fileno(), -1);
    EXPECT_TRUE(end->peer().empty());
    EXPECT_FALSE(end->capabilities().duplex);
  }
}

TEST_P(ConnectionTest, AScopeClosesItsEnds) {  // CN-11
  connect();
  { const Connection scoped = std::move(second_); }
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
}

TEST_P(ConnectionTest, AssigningToAnEndClosesWhatItWas) {
  connect();
  Connection other = std::move(second_);
  other = Connection{};
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
}

TEST_P(ConnectionTest, CloseStillSendsWhatWasAccepted) {
  connect();
  const Bytes large = pattern(8 * kMiB);
  ASSERT_TRUE(second_.send_bytes(large, 2ms));
  std::jthread closer{[&] { second_.close(); }};
  EXPECT_TRUE(first_.receive_bytes().value() == large);
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
}

TEST_P(ConnectionTest, ABurstThatIsClosedAtOnceArrivesWhole) {
  connect();
  std::jthread sender{[&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(second_.send_bytes(bytes(std::to_string(i))));
    }
    second_.close();
  }};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(text(first_.receive_bytes()), std::to_string(i));
  }
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
}

// ---- going on elsewhere ------------------------------------------------------------------------

TEST_P(ConnectionTest, WhatWasPolledGoesAlongWhenTheConnectionIsHandedOver) {
  for (const std::size_t size : {std::size_t{3}, 300 * kKiB}) {
    connect();
    if (!crosses_processes()) {
      EXPECT_EQ(outcome(first_.hand_over()), "refused");
      return;
    }
    std::jthread sender{[&] {
      ASSERT_TRUE(second_.send_bytes(pattern(size)));
      ASSERT_TRUE(second_.send_bytes(bytes("next")));
    }};
    ASSERT_TRUE(first_.poll(forever));
    auto handover = first_.hand_over().value();
    first_.close();
    auto transport = runtime_.transports().find(handover.peer).value();
    Connection adopted{runtime_, transport->adopt(std::move(handover)).value()};
    EXPECT_TRUE(adopted.receive_bytes().value() == pattern(size));
    EXPECT_EQ(text(adopted.receive_bytes()), "next");
  }
}

}  // namespace
}  // namespace troupe::harness
