// SPDX-License-Identifier: Apache-2.0
// What every Connection promises of loans and of messages that are received as Buffers
// (runtime/channel/connection.hpp), over each transport. Where none are shared, a loan is ordinary
// memory, and all but its limits holds just so.
#include "channel/channel_test.hpp"
#include "channel/loaned.hpp"
#include "troupe/runtime/channel/wait_any.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::harness {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// ---- loans -------------------------------------------------------------------------------------

TEST_P(ConnectionTest, ALoanThatWasWrittenInPlaceArrivesWithItsContent) {
  connect();
  const std::array sizes{std::size_t{0}, std::size_t{1}, std::size_t{4095},
                         16 * kKiB,      64 * kKiB + 1,  300 * kKiB,
                         kMiB,           5 * kMiB};
  Party party{crosses_processes(), second_, first_, [&sizes](Connection& end) {
                unsigned seed = 0;
                for (const std::size_t size : sizes) {
                  ASSERT_TRUE(end.send_buffer(pattern_loan(end, size, ++seed)));
                }
                EXPECT_TRUE(end.flush());
              }};
  std::vector<Buffer> kept;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    kept.push_back(first_.receive_buffer().value());
  }
  EXPECT_EQ(outcome(first_.receive_buffer()), "closed");
  party.expect_success();
  unsigned seed = 0;
  for (const Buffer& buffer : kept) {
    EXPECT_TRUE(holds_pattern(buffer, sizes.at(seed), seed + 1)) << sizes.at(seed);
    ++seed;
  }
}

TEST_P(ConnectionTest, ALoanIsAlignedForWhatIsWrittenIntoIt) {
  connect();
  const std::size_t alignment = second_.capabilities().loans ? 4096 : 16;
  std::vector<Loan> loans;
  for (const std::size_t size : {std::size_t{1}, 5 * kKiB, 300 * kKiB}) {
    loans.push_back(second_.loan(size).value());
    EXPECT_EQ(loans.back().size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(loans.back().bytes().data()) % alignment, 0U);
  }
  Loan numbers = second_.loan(300 * sizeof(double)).value();
  std::ranges::fill(numbers.as<double>(), 0.5);
  ASSERT_TRUE(second_.send_buffer(std::move(numbers)));
  EXPECT_TRUE(std::ranges::equal(first_.receive_buffer().value().as<double>(),
                                 std::vector<double>(300, 0.5)));
}

TEST_P(ConnectionTest, LoansThatAreDroppedUnsentAreFreeAgain) {
  connect();
  for (int i = 0; i < 300; ++i) {  // 1.2 GiB in all
    auto loan = second_.loan(4 * kMiB, 0s);
    ASSERT_TRUE(loan) << i << ": " << loan.error().what();
    loan->bytes()[0] = std::byte{1};
    if (i % 2 == 0) {
      const Buffer buffer{std::move(*loan)};
      const Buffer same = buffer;
    }
  }
}

TEST_P(ConnectionTest, SentLoansThatTheReceiverDropsAreFreeAgain) {
  connect();
  std::jthread sender{[&] {
    for (unsigned i = 0; i < 300; ++i) {
      Loan loan = second_.loan(kMiB).value();
      loan.as<std::uint32_t>()[1000] = i;
      ASSERT_TRUE(second_.send_buffer(std::move(loan)));
    }
  }};
  for (unsigned i = 0; i < 300; ++i) {
    ASSERT_EQ(first_.receive_buffer().value().as<std::uint32_t>()[1000], i);
  }
}

TEST_P(ConnectionTest, ALoanAboveTheLimitIsInvalidArgumentAndTheConnectionGoesOn) {
  connect({.max_message = 1000});
  const auto refused = [&]() -> Result<void> {
    auto loan = second_.loan(1001);
    return loan ? second_.send_buffer(std::move(*loan)) : loan.error();
  }();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::invalid_argument);
  EXPECT_EQ(refused.error().effect(), Effect::none);
  EXPECT_NE(std::string_view{refused.error().what()}.find("max_message"), std::string_view::npos)
      << refused.error().what();
  EXPECT_EQ(second_.loan(1001).has_value(), !second_.capabilities().loans);

  ASSERT_TRUE(second_.send_buffer(pattern_loan(second_, 1000)));
  EXPECT_TRUE(holds_pattern(first_.receive_buffer().value(), 1000));
}

TEST_P(ConnectionTest, ALoanOfAnotherConnectionIsSentWithItsContent) {
  connect();
  Connection other_reader = std::move(first_);
  Connection other = std::move(second_);
  connect();
  for (const std::size_t size : {100 * kKiB, kMiB}) {
    const Buffer foreign = pattern_loan(other, size, 7);
    std::jthread sender{[&] {
      EXPECT_TRUE(second_.send_buffer(foreign));
      EXPECT_TRUE(other.send_buffer(foreign)) << "its own takes it as well";
    }};
    const Buffer here = first_.receive_buffer().value();
    const Buffer there = other_reader.receive_buffer().value();
    EXPECT_TRUE(holds_pattern(here, size, 7));
    EXPECT_TRUE(holds_pattern(there, size, 7));
  }
}

TEST_P(ConnectionTest, AReceivedBufferIsSentOnThroughAnotherConnection) {
  connect();
  Connection next_reader = std::move(first_);
  Connection next = std::move(second_);
  connect();
  std::jthread sender{
      [&] { EXPECT_TRUE(second_.send_buffer(pattern_loan(second_, 300 * kKiB, 3))); }};
  std::jthread relay{[&] { EXPECT_TRUE(next.send_buffer(first_.receive_buffer().value())); }};
  EXPECT_TRUE(holds_pattern(next_reader.receive_buffer().value(), 300 * kKiB, 3));
}

TEST_P(ConnectionTest, OneBufferIsSentManyTimesAndMoreThanMayBeLentAtOnce) {
  connect();
  const Buffer buffer = pattern_loan(second_, 200 * kKiB, 4);
  constexpr int kTimes = 300;
  std::jthread sender{[&] {
    for (int i = 0; i < kTimes; ++i) {
      ASSERT_TRUE(second_.send_buffer(buffer));
    }
  }};
  std::vector<Buffer> kept;
  for (int i = 0; i < kTimes; ++i) {
    kept.push_back(first_.receive_buffer().value());
  }
  for (const Buffer& each : kept) {
    ASSERT_EQ(each, buffer);
  }
}

TEST_P(ConnectionTest, EveryUseOfAClosedEndForLoansIsClosed) {
  connect();
  Connection closed = std::move(second_);
  closed.close();
  Connection empty;
  for (Connection* end : {&closed, &second_, &empty}) {
    EXPECT_EQ(outcome(end->loan(10)), "closed");
    EXPECT_EQ(outcome(end->send_buffer(pattern_buffer(10))), "closed");
    EXPECT_EQ(outcome(end->receive_buffer()), "closed");
  }
}

// ---- outliving ---------------------------------------------------------------------------------

TEST_P(ConnectionTest, ALoanOutlivesItsConnection) {
  connect();
  Loan loan = second_.loan(300 * kKiB).value();
  Loan unused = second_.loan(300 * kKiB).value();
  const Buffer written = pattern_loan(second_, 300 * kKiB, 1);
  second_.close();
  first_.close();
  write_pattern(loan, 2);
  const Buffer late = std::move(loan);
  EXPECT_TRUE(holds_pattern(written, 300 * kKiB, 1));
  EXPECT_TRUE(holds_pattern(late, 300 * kKiB, 2));
  EXPECT_EQ(unused.size(), 300 * kKiB);
}

TEST_P(ConnectionTest, AReceivedBufferOutlivesTheConnectionAndItsSender) {
  connect();
  Party party{crosses_processes(), second_, first_, [kill = crosses_processes()](Connection& end) {
                ASSERT_TRUE(end.send_buffer(pattern_loan(end, 300 * kKiB, 1)));
                ASSERT_TRUE(end.send_bytes(pattern(300 * kKiB, 2)));
                ASSERT_TRUE(end.flush());
                if (kill) {
                  ::raise(SIGKILL);
                }
              }};
  const Buffer loaned = first_.receive_buffer().value();
  const Buffer sent = first_.receive_buffer().value();
  EXPECT_EQ(outcome(first_.receive_buffer()), "closed");
  if (crosses_processes()) {
    EXPECT_EQ(party.child().join(), -SIGKILL);
  }
  first_.close();
  EXPECT_TRUE(holds_pattern(loaned, 300 * kKiB, 1));
  EXPECT_TRUE(holds_pattern(sent, 300 * kKiB, 2));
  EXPECT_TRUE(holds_pattern(loaned.part(0, loaned.size()), 300 * kKiB, 1));
}

// ---- each way to receive each kind -------------------------------------------------------------

struct Kind {
  std::string name;
  std::function<Result<void>(Connection&)> send;
  Bytes content;
};

Kind of_bytes(std::string name, std::size_t size) {
  return {std::move(name), [size](Connection& end) { return end.send_bytes(pattern(size)); },
          pattern(size)};
}
Kind of_loan(std::string name, std::size_t size) {
  return {std::move(name),
          [size](Connection& end) { return end.send_buffer(pattern_loan(end, size)); },
          pattern(size)};
}
Kind of_part_of_loan() {
  const Bytes whole = pattern(kMiB);
  return {"part of a loan",
          [](Connection& end) {
            return end.send_buffer(Buffer{pattern_loan(end, kMiB)}.part(5000, 300 * kKiB));
          },
          Bytes(whole.begin() + 5000, whole.begin() + 5000 + 300 * kKiB)};
}

// A message in parts, as the codec leaves it: small ones around large ones, of which two are lent.
struct Parts {
  int number = 5;
  Buffer first;
  std::string text = "between";
  Bytes bytes = pattern(5000, 2);
  Buffer second;
};
Kind of_parts() {
  const Parts same{.first = pattern_buffer(200 * kKiB, 1), .second = pattern_buffer(kMiB, 3)};
  Encoded whole;
  encode(whole, same).value();
  return {"parts",
          [](Connection& end) {
            const Parts parts{.first = pattern_loan(end, 200 * kKiB, 1),
                              .second = pattern_loan(end, kMiB, 3)};
            Encoded message;
            encode(message, parts).value();
            return end.send_message(message, forever);
          },
          whole.joined()};
}

std::vector<Kind> kinds_of_messages() {
  return {of_bytes("empty", 0),
          of_bytes("small", 100),
          of_bytes("large", kMiB),
          of_loan("small loan", 100),
          of_loan("loan", kMiB),
          of_part_of_loan(),
          of_bytes("medium", 20 * kKiB),
          of_parts(),
          of_bytes("small again", 50),
          of_loan("medium loan", 20'000),
          of_parts(),
          of_parts()};
}

using Receive = std::function<Bytes(Connection&, std::size_t)>;

Bytes receive_into(Connection& end, std::size_t size) {
  Bytes place(size + 10, std::byte{0xee});
  EXPECT_EQ(end.receive_into(std::span{place}.first(size)).value(), size);
  EXPECT_TRUE(std::ranges::all_of(std::span{place}.subspan(size),
                                  [](std::byte byte) { return byte == std::byte{0xee}; }));
  place.resize(size);
  return place;
}

Bytes receive_into_too_small_a_place_first(Connection& end, std::size_t size) {
  Bytes small(size / 2);
  for (int i = 0; i < 2 && size > 0; ++i) {
    const auto received = end.receive_into(small);
    EXPECT_EQ(outcome(received), "invalid_argument");
    EXPECT_NE(std::string_view{received.error().what()}.find(std::to_string(size)),
              std::string_view::npos)
        << received.error().what();
  }
  return receive_into(end, size);
}

Bytes receive_buffer(Connection& end, std::size_t /*size*/) {
  const auto bytes = end.receive_buffer().value();
  return {bytes.bytes().begin(), bytes.bytes().end()};
}

Receive after_poll(const Receive& receive) {
  return [receive](Connection& end, std::size_t size) {
    EXPECT_EQ(outcome(end.poll(forever)), "ok");
    EXPECT_EQ(outcome(end.poll(0s)), "ok");
    return receive(end, size);
  };
}

Receive after_wait_any(RuntimeCore& runtime, const Receive& receive) {
  return [&runtime, receive](Connection& end, std::size_t size) {
    EXPECT_EQ(wait_any(runtime, {Waitable{end}}).value(), std::vector<std::size_t>{0});
    return receive(end, size);
  };
}

TEST_P(ConnectionTest, EachKindOfMessageIsReceivedInEachWay) {
  connect();
  const std::vector<Receive> plain{
      [](Connection& end, std::size_t) { return end.receive_bytes().value(); }, receive_into,
      receive_into_too_small_a_place_first, receive_buffer};
  std::vector<Receive> ways = plain;
  for (const Receive& way : plain) {
    ways.push_back(after_poll(way));
    ways.push_back(after_wait_any(runtime_, way));
  }
  const auto kinds = kinds_of_messages();
  for (std::size_t way = 0; way < ways.size(); ++way) {
    std::jthread sender{[&] {
      for (const Kind& kind : kinds) {
        ASSERT_TRUE(kind.send(second_)) << kind.name;
      }
    }};
    for (const Kind& kind : kinds) {
      EXPECT_TRUE(ways[way](first_, kind.content.size()) == kind.content)
          << kind.name << " by way " << way;
    }
  }
}

}  // namespace
}  // namespace troupe::harness
