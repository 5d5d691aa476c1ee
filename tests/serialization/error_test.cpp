// SPDX-License-Identifier: Apache-2.0
// What a wrong message is told: where, what was expected, what was found, and what it probably is.
#include "messages.hpp"

#include <gtest/gtest.h>

namespace troupe_test {
namespace {

using troupe::Code;
using troupe::Dynamic;
using Map = std::map<std::string, Dynamic>;

template <class T>
std::string error_of(const troupe::Bytes& bytes, const troupe::DecodeLimits& limits = {}) {
  const troupe::Result<T> result = decoded<T>(bytes, limits);
  return result.has_value() ? "no error" : result.error().what();
}

template <class T, class From>
std::string error_from(const From& value) {
  return error_of<T>(encoded(value));
}

using Text = std::string;

TEST(DecodeErrorTest, TheMemberIsNamedWithWhatWasExpectedAndFound) {
  EXPECT_EQ(error_from<Row>(std::tuple{7, Text{"name"}, Text{"hello"}}),
            "Row.score: expected a float, found a string of 5 bytes at byte 7");
  EXPECT_EQ(error_from<Row>(std::tuple{-7, Text{"name"}, 1.0}),
            "Row.number: -7 is out of range: 0 to 18446744073709551615");
  EXPECT_EQ(error_from<Row>(std::tuple{1, 2, 1.0}),
            "Row.text: expected a string, found the integer 2 at byte 2");
}

TEST(DecodeErrorTest, ThePathLeadsThroughContainers) {
  using Rows = std::vector<std::tuple<int, Text, Text>>;
  const Rows rows{{1, "a", "b"}};
  EXPECT_EQ(error_from<Table>(std::tuple{Text{"t"}, rows, Map{}}),
            "Table.rows[0].score: expected a float, found a string of 1 byte at byte 8");
  EXPECT_EQ(error_from<Table>(std::tuple{Text{"t"}, std::vector<Row>{}, Map{{"w", 0.5}}}),
            "Table.widths[\"w\"]: expected an integer, found the float 0.5 at byte 7");
  EXPECT_EQ((error_from<std::map<int, bool>>(std::map<int, int>{{-5, 1}})),
            "[-5]: expected true or false, found the integer 1 at byte 2");
  EXPECT_EQ((error_from<std::map<int, bool>>(Map{{"x", true}})),
            "keys[0]: expected an integer, found a string of 1 byte at byte 1");
  EXPECT_EQ((error_from<std::pair<int, bool>>(std::pair{1, 2})),
            "[1]: expected true or false, found the integer 2 at byte 2");
}

TEST(DecodeErrorTest, EveryKindOfFindIsDescribed) {
  EXPECT_EQ(error_from<int>(std::monostate{}), "expected an integer, found nil at byte 0");
  EXPECT_EQ(error_from<int>(true), "expected an integer, found true at byte 0");
  EXPECT_EQ(error_from<int>(1.25), "expected an integer, found the float 1.25 at byte 0");
  EXPECT_EQ(error_from<int>(raw("abc")),
            "expected an integer, found a byte string of 3 bytes at byte 0");
  EXPECT_EQ(error_from<int>(std::vector{1, 2}),
            "expected an integer, found an array of 2 elements at byte 0");
  EXPECT_EQ(error_from<int>(Map{{"a", 1}}),
            "expected an integer, found a map of 1 entry at byte 0");
  EXPECT_EQ(error_of<int>(raw({0xd4, 5, 0})),
            "expected an integer, found an extension of code 5 at byte 0");
  EXPECT_EQ(error_of<int>({}), "expected an integer, found the end of the message at byte 0");
  EXPECT_EQ(error_of<int>(raw({0xc1})),
            "expected an integer, found a value that is cut off or invalid at byte 0");
  EXPECT_EQ(error_of<int>(raw({0xce, 0, 0})),
            "expected an integer, found a value that is cut off or invalid at byte 0");
  EXPECT_EQ(error_of<Text>(raw({0xa5, 'a', 'b'})),
            "expected a string, found a string of 5 bytes, of which 2 are there, at byte 0");
}

TEST(DecodeErrorTest, IntegersOutOfRangeAreNamedWithTheRange) {
  EXPECT_EQ(error_from<std::uint8_t>(300), "300 is out of range: 0 to 255");
  EXPECT_EQ(error_from<std::int8_t>(-129), "-129 is out of range: -128 to 127");
  EXPECT_EQ(error_from<std::int64_t>(~std::uint64_t{0}),
            "18446744073709551615 is out of range: -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(error_from<Colour>(256), "256 is out of range: 0 to 255");
}

TEST(DecodeErrorTest, StrAndBytesAreToldApartInPythonsWords) {
  EXPECT_EQ(
      error_from<Text>(raw("x")),
      "expected a string (in Python str, not bytes), found a byte string of 1 byte at byte 0");
  EXPECT_EQ(error_from<troupe::Bytes>(Text{"x"}),
            "expected bytes (in Python bytes, not str), found a string of 1 byte at byte 0");
}

TEST(DecodeErrorTest, AWrongNumberOfMembersSaysWhichThereShouldBe) {
  EXPECT_EQ(error_from<Row>(std::pair{1, 2}),
            "Row: expected an array of 3 members (number, text, score), found an array of 2 "
            "elements at byte 0");
  EXPECT_EQ(error_from<Row>(5),
            "Row: expected an array of 3 members (number, text, score), found the integer 5 at "
            "byte 0");
  EXPECT_EQ((error_from<std::array<int, 3>>(std::pair{1, 2})), "expected a length of 3, found 2");
  EXPECT_EQ((error_from<std::array<std::byte, 3>>(raw("ab"))), "expected a length of 3, found 2");
}

TEST(DecodeErrorTest, NamesOfAMapAreChecked) {
  EXPECT_EQ(error_from<Row>(Map{{"numbr", 1}}),
            "Row: has no member named \"numbr\"; its members are number, text, score");
  EXPECT_EQ(error_from<Row>(Map{{"number", 1}, {"text", "t"}}), "Row.score: is missing");
  const Dynamic::Map twice{{"number", 1}, {"number", 1}};
  EXPECT_EQ(error_from<Row>(Dynamic{twice}), "Row.number: is there twice");
}

TEST(DecodeErrorTest, AKeyMustNotComeTwice) {
  EXPECT_EQ((error_of<std::map<int, int>>(raw({0x82, 1, 1, 1, 2}))), "[1]: is there twice");
  EXPECT_EQ(error_of<std::set<int>>(raw({0x92, 1, 1})), "[1]: is there twice");
  EXPECT_EQ((decoded<std::multiset<int>>(raw({0x92, 1, 1})).value()), (std::multiset{1, 1}));
}

TEST(DecodeErrorTest, AVariantNamesTheAlternativeThatDoesNotExist) {
  using Either = std::variant<int, Text>;
  EXPECT_EQ(error_of<Either>(raw({0x92, 2, 1})), "there is no alternative 2 of 2");
  EXPECT_EQ(error_of<Either>(raw({1})),
            "expected an array of 2 (the index of an alternative, its value), found the integer 1 "
            "at byte 0");
}

TEST(DecodeErrorTest, BytesAfterTheValueAreMalformed) {
  EXPECT_EQ(error_of<int>(raw({1, 2, 3})), "a value of 1 byte, and 2 bytes after it");
}

TEST(DecodeErrorTest, APickleIsRecognised) {
  // pickle.dumps({"number": 1}), protocol 4
  const troupe::Bytes pickle =
      raw(std::string_view{"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x06number\x94K\x01s.", 26});
  EXPECT_EQ(error_of<Row>(pickle),
            "Row.number: is missing; looks like a pickle: the Python side should use "
            "send_bytes(msgpack.packb(x))");
  EXPECT_EQ(error_of<Empty>(raw(std::string_view{"\x80\x05N.", 4})),
            "Empty: a value of 1 byte, and 3 bytes after it; looks like a pickle: the Python side "
            "should use send_bytes(msgpack.packb(x))");
}

TEST(DecodeErrorTest, TextIsRecognised) {
  EXPECT_EQ(error_of<Row>(raw("hello, world\n")),
            "Row: expected an array of 3 members (number, text, score), found the integer 104 at "
            "byte 0; looks like text: add framing=lines");
  EXPECT_EQ(error_of<int>(raw("hello")),
            "a value of 1 byte, and 4 bytes after it; looks like text: add framing=lines");
}

TEST(DecodeErrorTest, TheCodeIsMalformed) {
  EXPECT_EQ(decoded<Row>(raw("hello")).error(), Code::malformed);
}

TEST(DecodeErrorTest, AKeyDoesNotBreakALineOfTheLog) {
  EXPECT_EQ((error_from<std::map<std::string, bool>>(Map{{"a\nb\x1b", 1}})),
            "[\"a?b?\"]: expected true or false, found the integer 1 at byte 6");
}

TEST(DecodeErrorTest, AVeryLongKeyIsCutInThePath) {
  const std::string key(1000, 'k');
  EXPECT_LT((error_from<std::map<std::string, bool>>(Map{{key, 1}})).size(), 200U);
  EXPECT_LT(error_from<Row>(Map{{key, 1}}).size(), 200U);
}

}  // namespace
}  // namespace troupe_test
