// SPDX-License-Identifier: Apache-2.0
// What every Pipe promises of Buffers inside messages (base/buffer.hpp, base/loan.hpp), over each
// transport: whatever they are made of, and whatever stands around them.
#include "channel/channel_test.hpp"
#include "channel/loaned.hpp"
#include "harness/repetition.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/serialization/dynamic.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::harness {
namespace {

constexpr std::size_t kKiB = 1024;

template <class T>
struct Typed {
  explicit Typed(Connection& first, Connection& second)
      : to(std::move(first)), from(std::move(second)) {}

  // Each message crosses unchanged, and keeps its content when all that were sent are gone.
  void carries(std::vector<T> messages) {
    std::vector<T> received;
    {
      std::jthread sender{[&] {
        for (const T& message : messages) {
          ASSERT_TRUE(from.send(message));
        }
      }};
      for (std::size_t i = 0; i < messages.size(); ++i) {
        auto message = to.receive();
        ASSERT_TRUE(message) << i << ": " << message.error().what();
        received.push_back(std::move(*message));
      }
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
      EXPECT_TRUE(received[i] == messages[i]) << i;
    }
    std::vector<T> copies;
    for (const T& message : messages) {
      copies.push_back(copy_of(message));
    }
    messages.clear();
    for (std::size_t i = 0; i < copies.size(); ++i) {
      EXPECT_TRUE(received[i] == copies[i]) << i << " changed when the sent ones were dropped";
    }
  }

  // One that shares no memory with it.
  static T copy_of(const T& message) {
    Encoded encoded;
    encode(encoded, message).value();
    const Bytes bytes = encoded.joined();
    return decode<T>({.bytes = bytes}).value();
  }

  Receiver<T> to;
  Sender<T> from;
};

// One of each kind; the first three are lent by `end`.
std::vector<Buffer> kinds_of_buffers(Connection& end) {
  const Buffer loaned = pattern_loan(end, 300 * kKiB, 1);
  return {loaned,
          loaned.part(5000, 140 * kKiB),
          pattern_loan(end, 5000, 2),
          loaned,
          pattern_buffer(200 * kKiB, 3),
          pattern_buffer(20 * kKiB, 4),
          pattern_buffer(100, 5),
          Buffer{}};
}

struct One {
  Buffer buffer;
  friend bool operator==(const One&, const One&) = default;
};
struct Two {
  int number = 0;
  Buffer first;
  Buffer second;
  friend bool operator==(const Two&, const Two&) = default;
};
struct Five {
  Buffer first;
  std::string text;
  Buffer second;
  Buffer third;
  double real = 0.5;
  Buffer fourth;
  Buffer fifth;
  friend bool operator==(const Five&, const Five&) = default;
};

TEST_P(PipeTest, AMessageWithOneBufferCarriesEachKindOfThem) {
  connect();
  Typed<One> pipe{first_, second_};
  std::vector<One> messages;
  for (const Buffer& buffer : kinds_of_buffers(pipe.from.connection())) {
    messages.push_back({buffer});
  }
  pipe.carries(std::move(messages));
}

TEST_P(PipeTest, AMessageWithTwoBuffersCarriesEachPairOfKinds) {
  connect();
  Typed<Two> pipe{first_, second_};
  std::vector<Two> messages;
  const auto kinds = kinds_of_buffers(pipe.from.connection());
  for (const Buffer& first : kinds) {
    for (const Buffer& second : kinds) {
      messages.push_back({static_cast<int>(messages.size()), first, second});
    }
  }
  pipe.carries(std::move(messages));
}

TEST_P(PipeTest, AMessageWithFiveBuffersCarriesThemInEachOrder) {
  connect();
  Typed<Five> pipe{first_, second_};
  std::vector<Five> messages;
  const auto kinds = kinds_of_buffers(pipe.from.connection());
  const auto at = [&kinds](std::size_t i) { return kinds[i % kinds.size()]; };
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    messages.push_back({at(i), "t", at(i + 1), at(i + 2), 1.5, at(i + 3), at(i + 4)});
    messages.push_back({at(i), std::string(i * 1000, 't'), at(i), at(i * 3), 2, at(i), at(i * 5)});
  }
  pipe.carries(std::move(messages));
}

TEST_P(PipeTest, ManyBuffersInOneMessageAllArrive) {
  connect();
  Typed<std::vector<Buffer>> pipe{first_, second_};
  std::vector<Buffer> few;
  std::vector<Buffer> many;
  for (unsigned i = 0; i < 40; ++i) {  // more than one message refers to
    Buffer loan = pattern_loan(pipe.from.connection(), 10'000 * (i + 1), i);
    (i < 16 ? few : many).push_back(std::move(loan));
  }
  pipe.carries({few, many, {}, few});
}

// ---- what stands around them -------------------------------------------------------------------

struct Inner {
  std::string text;
  Buffer buffer;
  friend bool operator==(const Inner&, const Inner&) = default;
};
struct Mixed {
  std::vector<double> numbers;
  Buffer first;
  std::string text;
  Bytes bytes;
  Inner inner;
  std::vector<Inner> list;
  std::map<std::string, Buffer> map;
  std::optional<Buffer> maybe;
  Dynamic dynamic;
  Buffer last;
  friend bool operator==(const Mixed&, const Mixed&) = default;
};

// Of parts that each have about `size` bytes.
Mixed mixed(Connection& end, std::size_t size) {
  const Buffer loan = pattern_loan(end, size + 1, 1);
  Dynamic dynamic;
  dynamic = std::map<std::string, Bytes>{{"bytes", pattern(size, 2)}, {"more", pattern(5, 3)}};
  return {.numbers = std::vector<double>(size / 8, 0.25),
          .first = loan,
          .text = std::string(size, 't'),
          .bytes = pattern(size, 4),
          .inner = {std::string(size / 2, 'i'), pattern_buffer(size, 5)},
          .list = {{"a", loan.part(0, size)}, {std::string(size, 'b'), {}}, {"c", loan}},
          .map = {{"empty", {}}, {"loan", loan}, {std::string(size, 'k'), pattern_buffer(size)}},
          .maybe = loan.part(size / 2, size / 2),
          .dynamic = dynamic,
          .last = pattern_loan(end, size, 6)};
}

TEST_P(PipeTest, BuffersCrossAmongStringsVectorsAndStructsOfAllSizes) {
  connect();
  Typed<Mixed> pipe{first_, second_};
  std::vector<Mixed> messages;
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{4096}, 20 * kKiB,
                                 127 * kKiB, 128 * kKiB, 300 * kKiB}) {
    messages.push_back(mixed(pipe.from.connection(), size));
  }
  pipe.carries(std::move(messages));
}

struct Samples {
  std::vector<double> values;  // written into the message one by one, however many
  Buffer image;
  std::vector<double> more;
  friend bool operator==(const Samples&, const Samples&) = default;
};

TEST_P(PipeTest, ManyNumbersBesideABufferCross) {
  connect();
  Typed<Samples> pipe{first_, second_};
  std::vector<Samples> messages;
  const std::vector<double> few(3, 0.5);
  const std::vector<double> many(50'000, 0.5);
  for (const Buffer& buffer : kinds_of_buffers(pipe.from.connection())) {
    messages.push_back({many, buffer, few});
    messages.push_back({few, buffer, many});
    messages.push_back({many, buffer, many});
  }
  pipe.carries(std::move(messages));
}

TEST_P(PipeTest, MessagesOfDynamicValuesCarryLargeBytes) {
  connect();
  Typed<Dynamic> pipe{first_, second_};
  std::vector<Dynamic> messages;
  for (const std::size_t size : {std::size_t{10}, 10 * kKiB, 300 * kKiB}) {
    messages.emplace_back(pattern(size));
    messages.emplace_back(std::string(size, 's'));
    messages.emplace_back(std::vector<Bytes>{pattern(size, 1), {}, pattern(size, 2)});
    messages.emplace_back(std::map<std::string, Bytes>{{"a", pattern(size)}, {"b", {}}});
  }
  pipe.carries(std::move(messages));
}

// ---- one after the other -----------------------------------------------------------------------

TEST_P(PipeTest, BuffersOfAllSizesFollowEachOtherInAnyOrder) {
  connect();
  Typed<Two> pipe{first_, second_};
  auto random = chance();
  const std::array sizes{std::size_t{0}, std::size_t{100}, std::size_t{4096}, 10 * kKiB,
                         50 * kKiB,      100 * kKiB,       200 * kKiB,        500 * kKiB};
  std::vector<Two> messages;
  for (int i = 0; i < 150; ++i) {
    const auto any = [&] {
      const std::size_t size = sizes.at(random() % sizes.size());
      const auto seed = static_cast<unsigned>(i);
      return random() % 2 == 0 ? Buffer{pattern_loan(pipe.from.connection(), size, seed)}
                               : pattern_buffer(size, seed);
    };
    messages.push_back({i, any(), any()});
  }
  pipe.carries(std::move(messages));
}

TEST_P(PipeTest, TypedAndPlainReceivesTakeTurns) {
  connect();
  Encoded encoded;
  encode(encoded, One{pattern_buffer(10 * kKiB, 2)}).value();
  const Bytes small = encoded.joined();
  Receiver<One> to{std::move(first_)};
  Sender<One> from{std::move(second_)};
  std::jthread sender{[&] {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(from.send({pattern_loan(from.connection(), 300 * kKiB, 1)}));
      ASSERT_TRUE(from.send({pattern_buffer(100 * kKiB, 2)}));
      ASSERT_TRUE(from.connection().send_bytes(bytes("plain")));
      ASSERT_TRUE(from.connection().send_bytes(small));
      ASSERT_TRUE(from.connection().send_bytes(bytes("plain")));
    }
  }};
  One one;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(to.receive_into(one));
    EXPECT_TRUE(holds_pattern(one.buffer, 300 * kKiB, 1));
    ASSERT_TRUE(to.receive_into(one));
    EXPECT_TRUE(holds_pattern(one.buffer, 100 * kKiB, 2));
    EXPECT_EQ(text(to.connection().receive_bytes()), "plain");
    ASSERT_TRUE(to.receive_into(one));
    EXPECT_TRUE(holds_pattern(one.buffer, 10 * kKiB, 2));
    EXPECT_EQ(text(to.connection().receive_bytes()), "plain");
  }
}

TEST_P(PipeTest, AMessageWithBuffersIsPolledAndWaitedForBeforeItIsReceived) {
  connect();
  Receiver<Two> to{std::move(first_)};
  Sender<Two> from{std::move(second_)};
  std::jthread sender{[&] {
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(
          from.send({i, pattern_loan(from.connection(), 300 * kKiB, 1), pattern_buffer(9)}));
    }
  }};
  for (int i = 0; i < 4; ++i) {
    if (i % 2 == 0) {
      EXPECT_EQ(outcome(to.poll(forever)), "ok");
      EXPECT_EQ(outcome(to.poll(0s)), "ok");
    } else {
      EXPECT_EQ(wait_any(runtime_, {Waitable{to}}).value(), std::vector<std::size_t>{0});
    }
    const Two message = to.receive().value();
    EXPECT_EQ(message.number, i);
    EXPECT_TRUE(holds_pattern(message.first, 300 * kKiB, 1));
    EXPECT_TRUE(holds_pattern(message.second, 9));
  }
}

}  // namespace
}  // namespace troupe::harness
