// SPDX-License-Identifier: Apache-2.0
// What goes in comes out: every type that can be a message, and how structs are matched.
#include "messages.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace troupe_test {
namespace {

using troupe::DecodeLimits;
using troupe::Dynamic;
using troupe::Members;

constexpr DecodeLimits kPrefix{.members = Members::prefix};

template <class T>
void expect_round_trip(const T& value) {
  EXPECT_EQ(decoded<T>(encoded(value)).value(), value);
}

TEST(CodecTest, EveryKindOfMemberComesBackAsItWas) {
  expect_round_trip(everything());
}

TEST(CodecTest, DefaultsComeBackAsTheyWere) {
  expect_round_trip(Everything{});
}

TEST(CodecTest, AMessageNeedNotBeAStruct) {
  expect_round_trip(std::string{"alone"});
  expect_round_trip(std::vector<Row>{{1, "a", 1}, {2, "b", 2}});
  expect_round_trip(42);
  expect_round_trip(std::optional<Row>{});
  expect_round_trip(std::map<std::string, std::optional<int>>{{"a", 1}, {"b", std::nullopt}});
  expect_round_trip(std::monostate{});
  expect_round_trip(Empty{});
}

template <class I>
void expect_edges() {
  using Limits = std::numeric_limits<I>;
  for (const I edge : {Limits::min(), Limits::max(), I{0}, I{1}, I{127}}) {
    expect_round_trip(edge);
    expect_round_trip(static_cast<I>(static_cast<std::uint64_t>(edge) + 1));
    expect_round_trip(static_cast<I>(static_cast<std::uint64_t>(edge) - 1));
  }
}

TEST(CodecTest, IntegersOfEveryWidthKeepTheirEdges) {
  expect_edges<std::int8_t>();
  expect_edges<std::uint8_t>();
  expect_edges<std::int16_t>();
  expect_edges<std::uint16_t>();
  expect_edges<std::int32_t>();
  expect_edges<std::uint32_t>();
  expect_edges<std::int64_t>();
  expect_edges<std::uint64_t>();
  expect_edges<char>();
  expect_edges<char32_t>();
}

TEST(CodecTest, LengthsOfEveryFormComeBack) {
  for (const std::size_t length : {0U, 1U, 15U, 16U, 31U, 32U, 255U, 256U, 4095U, 4096U, 65536U}) {
    expect_round_trip(std::string(length, 'x'));
    expect_round_trip(troupe::Bytes(length, std::byte{7}));
    expect_round_trip(std::vector<int>(length, -1));
    expect_round_trip(std::list<std::string>(length, "s"));
    std::map<std::size_t, bool> map;
    for (std::size_t i = 0; i < length; ++i) {
      map[i] = i % 2 == 0;
    }
    expect_round_trip(map);
  }
}

TEST(CodecTest, ANaNStaysANaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(decoded<double>(encoded(nan)).value()));
}

TEST(CodecTest, AViewIsSentAsWhatItShows) {
  const std::vector<int> numbers{1, 2, 3};
  EXPECT_EQ(decoded<std::string>(encoded(std::string_view{"text"})).value(), "text");
  EXPECT_EQ(decoded<std::vector<int>>(encoded(std::span{numbers})).value(), numbers);
  EXPECT_EQ(decoded<troupe::Bytes>(encoded(troupe::bytes_of("x"))).value(), raw("x"));
}

TEST(CodecTest, ATreeComesBackWithItsBranches) {
  Tree tree{.value = 1, .children = {}, .next = std::make_unique<Tree>()};
  tree.children.push_back({.value = 2, .children = {}, .next = nullptr});
  tree.next->value = 3;

  const Tree back = decoded<Tree>(encoded(tree)).value();

  EXPECT_EQ(back.value, 1);
  ASSERT_EQ(back.children.size(), 1U);
  EXPECT_EQ(back.children[0].value, 2);
  ASSERT_NE(back.next, nullptr);
  EXPECT_EQ(back.next->value, 3);
  EXPECT_EQ(back.next->next, nullptr);
}

TEST(CodecTest, WhatWasInTheTargetDoesNotStay) {
  troupe::Encoded out;
  ASSERT_TRUE(troupe::encode(out, std::tuple{std::vector<int>{1}, std::set<int>{2}}));
  const troupe::Bytes bytes = out.joined();
  const troupe::Incoming in{.bytes = bytes};
  troupe::DecodeLimits limits;
  troupe::Reader reader{in, limits};
  std::tuple<std::vector<int>, std::set<int>> target{{7, 8, 9}, {7, 8, 9}};

  ASSERT_TRUE((troupe::wire::Wire<decltype(target)>::take(reader, target)));

  EXPECT_EQ(target, (std::tuple{std::vector<int>{1}, std::set<int>{2}}));
}

TEST(CodecTest, EncodingAppends) {
  troupe::Encoded out;
  ASSERT_TRUE(troupe::encode(out, 1));
  ASSERT_TRUE(troupe::encode(out, std::string{"two"}));
  EXPECT_EQ(out.joined(), raw({1, 0xa3, 't', 'w', 'o'}));
}

// ---- Structs that are not quite the same ----

TEST(CodecTest, AStructIsReadFromAMapByMemberName) {
  const Dynamic map = std::map<std::string, Dynamic>{{"score", 2}, {"text", "t"}, {"number", 1}};
  EXPECT_EQ(map.as<Row>().value(), (Row{1, "t", 2}));
}

TEST(CodecTest, MissingTrailingMembersKeepTheirDefaults) {
  const troupe::Bytes old = encoded(Row{1, "t", 2});
  EXPECT_EQ(decoded<NewRow>(old, kPrefix).value(), (NewRow{1, "t", 2, "mm", 2}));
}

TEST(CodecTest, ExtraTrailingMembersAreSkipped) {
  const troupe::Bytes bytes = encoded(std::tuple{NewRow{1, "t", 2, "cm", 7}, 9});
  const auto [row, after] = decoded<std::tuple<Row, int>>(bytes, kPrefix).value();
  EXPECT_EQ(row, (Row{1, "t", 2}));
  EXPECT_EQ(after, 9);
}

TEST(CodecTest, UnknownNamesAreSkippedWhereExtraMembersAre) {
  const Dynamic map = std::map<std::string, Dynamic>{
      {"number", 1}, {"colour", std::vector<Dynamic>{1, "x", nullptr}}, {"text", "t"}};
  EXPECT_EQ(decoded<Row>(encoded(map), kPrefix).value(), (Row{1, "t", 0}));
}

TEST(CodecTest, ABareDecodeIsStrictAboutTheCountOfMembers) {
  EXPECT_EQ(decoded<NewRow>(encoded(Row{})).error(), troupe::Code::malformed);
  EXPECT_EQ(decoded<Row>(encoded(NewRow{})).error(), troupe::Code::malformed);
}

TEST(CodecTest, AFloatMemberTakesAnInteger) {
  EXPECT_EQ(decoded<double>(encoded(-3)).value(), -3.0);
  EXPECT_EQ(decoded<float>(encoded(7)).value(), 7.0F);
  EXPECT_EQ(decoded<float>(encoded(0.5)).value(), 0.5F);
  EXPECT_EQ(decoded<double>(encoded(0.5F)).value(), 0.5);
}

// ---- Into a value that is there already ----

TEST(DecodeIntoTest, NothingOfTheOldValueStays) {
  const Everything defaults;
  Everything value = everything();
  ASSERT_TRUE(troupe::decode_into(value, {.bytes = encoded(defaults)}));
  EXPECT_EQ(value, defaults);

  std::vector<Row> rows{{1, "a", 1}, {2, "b", 2}, {3, "c", 3}};
  ASSERT_TRUE(troupe::decode_into(rows, {.bytes = encoded(std::vector<Row>{{4, "d", 4}})}));
  EXPECT_EQ(rows, (std::vector<Row>{{4, "d", 4}}));
}

TEST(DecodeIntoTest, MembersThatAreMissingHaveTheirDefaultsAndNotWhatWasThere) {
  std::vector<NewRow> rows{{9, "old", 9, "old", 9}};
  const std::vector<Row> shorter{{1, "t", 2}};
  ASSERT_TRUE(troupe::decode_into(rows, {.bytes = encoded(shorter)}, kPrefix));
  EXPECT_EQ(rows, (std::vector<NewRow>{{1, "t", 2, "mm", 2}}));
}

TEST(DecodeIntoTest, TheMemoryOfAStringIsUsedAgain) {
  std::vector<std::string> strings{std::string(100, 'x')};
  const char* const memory = strings[0].data();
  ASSERT_TRUE(troupe::decode_into(
      strings, {.bytes = encoded(std::vector<std::string>{std::string(90, 'y')})}));
  EXPECT_EQ(strings[0], std::string(90, 'y'));
  EXPECT_EQ(strings[0].data(), memory);
}

// ---- Types with a Codec of their own ----

class Money {
 public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }

 private:
  std::int64_t cents_ = 0;
};

struct Bill {
  std::string payee;
  std::vector<Money> amounts;
};

}  // namespace
}  // namespace troupe_test

template <>
struct troupe::Codec<troupe_test::Money> {
  static void encode(Writer& writer, const troupe_test::Money& money) {
    writer.value(money.cents());
  }
  static Result<troupe_test::Money> decode(Reader& reader) {
    const Result<std::int64_t> cents = reader.value<std::int64_t>();
    if (!cents) {
      return cents.error();
    }
    if (*cents < 0) {
      return Error{Code::malformed, "money is not negative"};
    }
    return troupe_test::Money{*cents};
  }
};

namespace troupe_test {
namespace {

TEST(CodecTest, ACodecSpeaksForATypeWithPrivateMembers) {
  const Bill bill = decoded<Bill>(encoded(Bill{"p", {Money{5}, Money{70000}}})).value();
  ASSERT_EQ(bill.amounts.size(), 2U);
  EXPECT_EQ(bill.amounts[1].cents(), 70000);
}

TEST(CodecTest, WhatACodecReturnsIsToldWithItsPlace) {
  const troupe::Bytes bytes = encoded(std::tuple{std::string_view{"p"}, std::vector<int>{1, -1}});
  EXPECT_STREQ(decoded<Bill>(bytes).error().what(), "Bill.amounts[1]: money is not negative");
}

TEST(CodecTest, WhatAReaderSaysInsideACodecIsToldOnce) {
  const troupe::Bytes bytes =
      encoded(std::tuple{std::string_view{"p"}, std::vector<std::string>{"x"}});
  EXPECT_STREQ(decoded<Bill>(bytes).error().what(),
               "Bill.amounts[0]: expected an integer, found a string of 1 byte at byte 4");
}

}  // namespace
}  // namespace troupe_test
