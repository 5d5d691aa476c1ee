// SPDX-License-Identifier: Apache-2.0
// Messages of which parts stand elsewhere (Incoming::detached), as shared memory hands them over;
// and such as only a broken or evil peer would send.
#include "messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

namespace troupe_test {
namespace {

using troupe::Buffer;
using troupe::Bytes;
using troupe::DetachedBytes;
using troupe::Dynamic;
using troupe::Encoded;
using troupe::Incoming;
using troupe::kLargePiece;

// What arrives: the bytes, and the parts that stand elsewhere, in memory of exactly their size, so
// that a sanitizer sees each step beyond.
struct Split {
  Bytes bytes;
  std::vector<DetachedBytes> detached;

  Incoming incoming() const { return {.bytes = bytes, .detached = detached}; }
};

template <class T>
Split split(const T& value) {
  Encoded out;
  troupe::encode(out, value).value();
  Split result{{out.head.bytes().begin(), out.head.bytes().end()}, {}};
  for (const Encoded::Borrowed& piece : out.borrowed) {
    result.detached.push_back({piece.at, Buffer::copy_of(piece.bytes)});
  }
  return result;
}

template <class T>
troupe::Result<T> decoded(const Split& split, const troupe::DecodeLimits& limits = {}) {
  return troupe::decode<T>(split.incoming(), limits);
}

template <class T>
void expect_malformed(const Split& split) {
  const auto result = decoded<T>(split);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::malformed) << result.error().what();
}

Bytes large(int fill, std::size_t size = kLargePiece) {
  Bytes bytes(size, static_cast<std::byte>(fill));
  return bytes;
}

struct Inner {
  std::string text;
  Buffer buffer;
  friend bool operator==(const Inner&, const Inner&) = default;
};
struct Letter {
  int number = 0;
  Buffer buffer;
  Bytes bytes;
  std::string text;
  Inner inner;
  std::vector<Inner> list;
  std::map<std::string, Buffer> map;
  std::optional<Bytes> maybe;
  std::variant<int, std::string> either;
  double real = 0;
  friend bool operator==(const Letter&, const Letter&) = default;
};

Letter letter() {
  return {.number = 7,
          .buffer = Buffer::owning(large(1)),
          .bytes = large(2, 5000),
          .text = std::string(6000, 't'),
          .inner = {"small", Buffer::owning(large(3, 7000))},
          .list = {{std::string(8000, 'a'), {}}, {"b", Buffer::owning(large(4))}},
          .map = {{"k", Buffer::owning(large(5))}, {std::string(9000, 'k'), {}}},
          .maybe = large(6),
          .either = std::string(10'000, 'e'),
          .real = 0.5};
}

TEST(DetachedTest, EveryLargeMemberMayStandElsewhere) {
  const Split parts = split(letter());
  EXPECT_EQ(parts.detached.size(), 10U);
  EXPECT_EQ(decoded<Letter>(parts).value(), letter());
}

// Puts some of the parts back, as a transport does that lends only the largest.
Split partly(const Split& whole, unsigned chosen) {
  Split result;
  std::size_t from = 0;
  for (std::size_t i = 0; i < whole.detached.size(); ++i) {
    const auto& part = whole.detached[i];
    result.bytes.insert(result.bytes.end(), whole.bytes.begin() + static_cast<long>(from),
                        whole.bytes.begin() + static_cast<long>(part.at));
    from = part.at;
    if ((chosen >> i & 1U) != 0) {
      result.detached.push_back({result.bytes.size(), part.bytes});
    } else {
      result.bytes.insert(result.bytes.end(), part.bytes.bytes().begin(), part.bytes.bytes().end());
    }
  }
  result.bytes.insert(result.bytes.end(), whole.bytes.begin() + static_cast<long>(from),
                      whole.bytes.end());
  return result;
}

TEST(DetachedTest, AnyOfThemMayAndTheOthersStandInTheMessage) {
  const Split parts = split(letter());
  for (unsigned chosen = 0; chosen < 1U << parts.detached.size(); ++chosen) {
    ASSERT_TRUE(decoded<Letter>(partly(parts, chosen)).value() == letter()) << chosen;
  }
}

TEST(DetachedTest, ABufferIsTheMemoryThatCameAndOthersAreCopies) {
  const Split parts = split(letter());
  const Letter back = decoded<Letter>(parts).value();
  EXPECT_EQ(back.buffer.bytes().data(), parts.detached[0].bytes.bytes().data());
  EXPECT_EQ(back.inner.buffer.bytes().data(), parts.detached[3].bytes.bytes().data());
  EXPECT_NE(back.bytes.data(), parts.detached[1].bytes.bytes().data());
}

TEST(DetachedTest, ABufferOutlivesTheMessage) {
  Buffer kept;
  {
    const Split parts = split(letter());
    kept = decoded<Letter>(parts).value().list[1].buffer;
  }
  EXPECT_EQ(kept, Buffer::owning(large(4)));
}

TEST(DetachedTest, ASmallOrEmptyPartMayStandElsewhereToo) {
  for (const std::size_t size : {0U, 1U, 31U}) {
    Split parts{raw({0x92, 0xc4, static_cast<int>(size), 0x05}), {}};
    parts.detached.push_back({3, Buffer::owning(large(1, size))});
    const auto [buffer, number] = decoded<std::tuple<Buffer, int>>(parts).value();
    EXPECT_EQ(buffer.size(), size);
    EXPECT_EQ(number, 5);
  }
}

TEST(DetachedTest, UnknownMembersAreSkippedWithTheirContent) {
  using Newer = std::tuple<int, Buffer, std::string, std::vector<Bytes>, Buffer>;
  using Older = std::tuple<int>;
  struct Old {
    int number = 0;
  };
  struct New {
    int number = 0;
    Buffer buffer;
    std::vector<Bytes> list;
  };
  const std::vector<New> sent{{1, Buffer::owning(large(1)), {large(2), {}, large(3)}},
                              {2, Buffer::owning(large(4)), {}}};
  const auto back = decoded<std::pair<std::vector<Old>, Buffer>>(
      split(std::pair{sent, Buffer::owning(large(9))}), {.members = troupe::Members::prefix});
  ASSERT_TRUE(back) << back.error().what();
  EXPECT_EQ(back->first.at(1).number, 2);
  EXPECT_EQ(back->second, Buffer::owning(large(9))) << "what follows is still found";
  EXPECT_FALSE((decoded<Older>(split(Newer{})))) << "but where each must be known";
}

TEST(DetachedTest, MembersByNameAreFoundAmongThem) {
  const std::map<std::string, Dynamic> sent{
      {"buffer", large(1)}, {"text", std::string(5000, 't')}, {"unknown", large(3)}};
  const Inner back = decoded<Inner>(split(sent), {.members = troupe::Members::prefix}).value();
  EXPECT_EQ(back, (Inner{std::string(5000, 't'), Buffer::owning(large(1))}));
}

TEST(DetachedTest, ADynamicValueHoldsThem) {
  const Dynamic back = decoded<Dynamic>(split(letter())).value();
  EXPECT_EQ(back.as<Letter>().value(), letter());
}

// A type that reads itself.
struct Custom {
  Bytes bytes;
  std::string text;
};

}  // namespace
}  // namespace troupe_test

template <>
struct troupe::Codec<troupe_test::Custom> {
  static void encode(Writer& writer, const troupe_test::Custom& custom) {
    writer.array(3);
    writer.value(custom.bytes);
    writer.value(custom.bytes);
    writer.value(custom.text);
  }
  static Result<troupe_test::Custom> decode(Reader& reader) {
    troupe_test::Custom custom;
    if (auto count = reader.array(); !count) return count.error();
    if (auto skipped = reader.skip(); !skipped) return skipped.error();
    const auto bytes = reader.bytes();
    if (!bytes) return bytes.error();
    custom.bytes.assign(bytes->begin(), bytes->end());
    const auto text = reader.text();
    if (!text) return text.error();
    custom.text = *text;
    return custom;
  }
};

namespace troupe_test {
namespace {

TEST(DetachedTest, ACodecReadsAndSkipsThem) {
  const auto back = decoded<Custom>(split(Custom{large(1), std::string(5000, 'c')})).value();
  EXPECT_EQ(back.bytes, large(1));
  EXPECT_EQ(back.text, std::string(5000, 'c'));
}

// ---- from a peer that is broken ----------------------------------------------------------------

using Pair = std::tuple<Buffer, std::string, Bytes>;

Split pair_of_parts() {
  return split(Pair{Buffer::owning(large(1)), std::string(5000, 't'), large(3)});
}

TEST(DetachedTest, APartAtTheWrongPlaceIsMalformed) {
  for (std::size_t part = 0; part < 3; ++part) {
    for (const long shift : {-3, -1, 1, 2, 1000}) {
      Split parts = pair_of_parts();
      parts.detached[part].at += static_cast<std::size_t>(shift);
      expect_malformed<Pair>(parts);
      expect_malformed<Dynamic>(parts);
    }
  }
}

TEST(DetachedTest, APartOfTheWrongLengthIsMalformed) {
  for (std::size_t part = 0; part < 3; ++part) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kLargePiece - 1, kLargePiece + 1000}) {
      Split parts = pair_of_parts();
      parts.detached[part].bytes = Buffer::owning(large(9, size));
      expect_malformed<Pair>(parts);
      expect_malformed<Dynamic>(parts);
    }
  }
}

TEST(DetachedTest, FewerThanAreMentionedIsMalformed) {
  for (std::size_t part = 0; part < 3; ++part) {
    Split parts = pair_of_parts();
    parts.detached.erase(parts.detached.begin() + static_cast<long>(part));
    expect_malformed<Pair>(parts);
    expect_malformed<Dynamic>(parts);
  }
}

TEST(DetachedTest, OutOfOrderIsMalformed) {
  Split parts = pair_of_parts();
  std::ranges::reverse(parts.detached);
  expect_malformed<Pair>(parts);
  expect_malformed<Dynamic>(parts);
}

TEST(DetachedTest, MoreThanAreMentionedAreLeftAlone) {
  Split parts = pair_of_parts();
  parts.detached.push_back({parts.bytes.size(), Buffer::owning(large(8))});
  parts.detached.push_back({parts.bytes.size() + 5000, Buffer::owning(large(8))});
  EXPECT_EQ(std::get<1>(decoded<Pair>(parts).value()), std::string(5000, 't'));
  const Split without{raw({0x05}), parts.detached};
  EXPECT_EQ(decoded<int>(without).value(), 5);
}

TEST(DetachedTest, APartThatIsNamedTwiceIsMalformed) {
  Split parts = pair_of_parts();
  parts.detached[1] = parts.detached[0];
  expect_malformed<Pair>(parts);
}

TEST(DetachedTest, AKeyThatStandsElsewhereIsNamedInTheError) {
  const std::string key(100'000, 'k');
  Split parts = split(std::map<std::string, Bytes>{{key, {}}});
  const auto result = decoded<std::map<std::string, int>>(parts);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::malformed);
  EXPECT_EQ(std::string_view{result.error().what()}.find("[\"kkkk"), 0U) << result.error().what();
}

TEST(DetachedTest, ALimitHoldsForWhatIsCopiedFromElsewhere) {
  const troupe::DecodeLimits limits{.string_bytes = 4500};
  const auto result = decoded<Pair>(pair_of_parts(), limits);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::malformed);
  EXPECT_NE(std::string_view{result.error().what()}.find("string_bytes"), std::string_view::npos);
}

TEST(DetachedTest, WhateverAPeerSaysOfThePartsNothingOutsideIsRead) {
  std::minstd_rand random{7};
  const Split good = split(letter());
  int malformed = 0;
  for (int i = 0; i < 20'000; ++i) {
    Split parts = good;
    for (int change = 0; change <= i % 3; ++change) {
      auto& part = parts.detached[random() % parts.detached.size()];
      switch (random() % 4) {
        case 0:
          part.at = random() % (parts.bytes.size() + 3);
          break;
        case 1:
          part.bytes = parts.detached[random() % parts.detached.size()].bytes;
          break;
        case 2:
          part.bytes = part.bytes.part(0, random() % (part.bytes.size() + 1));
          break;
        default:
          parts.bytes[random() % parts.bytes.size()] = static_cast<std::byte>(random());
      }
    }
    const auto result = decoded<Letter>(parts);
    malformed += !result && result.error() == troupe::Code::malformed ? 1 : 0;
    EXPECT_TRUE(result || result.error() == troupe::Code::malformed) << result.error().what();
    (void)decoded<Dynamic>(parts);
  }
  EXPECT_GT(malformed, 10'000);
}

}  // namespace
}  // namespace troupe_test
