// SPDX-License-Identifier: Apache-2.0
// The bytes themselves: what is written here is part of the wire format and does not change.
#include "messages.hpp"

#include <gtest/gtest.h>

namespace troupe_test {
namespace {

using namespace std::chrono_literals;

TEST(WireTest, IntegersTakeTheSmallestForm) {
  EXPECT_EQ(encoded(0), raw({0x00}));
  EXPECT_EQ(encoded(127), raw({0x7f}));
  EXPECT_EQ(encoded(128), raw({0xcc, 0x80}));
  EXPECT_EQ(encoded(std::int64_t{255}), raw({0xcc, 0xff}));
  EXPECT_EQ(encoded(256), raw({0xcd, 1, 0}));
  EXPECT_EQ(encoded(65535U), raw({0xcd, 0xff, 0xff}));
  EXPECT_EQ(encoded(65536), raw({0xce, 0, 1, 0, 0}));
  EXPECT_EQ(encoded(std::uint64_t{1} << 32U), raw({0xcf, 0, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(-1), raw({0xff}));
  EXPECT_EQ(encoded(-32), raw({0xe0}));
  EXPECT_EQ(encoded(-33), raw({0xd0, 0xdf}));
  EXPECT_EQ(encoded(-128), raw({0xd0, 0x80}));
  EXPECT_EQ(encoded(-129), raw({0xd1, 0xff, 0x7f}));
  EXPECT_EQ(encoded(-32769), raw({0xd2, 0xff, 0xff, 0x7f, 0xff}));
  EXPECT_EQ(encoded(std::int64_t{-2147483649}),
            raw({0xd3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}));
}

TEST(WireTest, SimpleValuesHaveTheirForms) {
  EXPECT_EQ(encoded(true), raw({0xc3}));
  EXPECT_EQ(encoded(false), raw({0xc2}));
  EXPECT_EQ(encoded(std::monostate{}), raw({0xc0}));
  EXPECT_EQ(encoded(1.5F), raw({0xca, 0x3f, 0xc0, 0, 0}));
  EXPECT_EQ(encoded(1.5), raw({0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(Colour::green), raw({0xcc, 200}));
  EXPECT_EQ(encoded(Sign::minus), raw({0xff}));
}

TEST(WireTest, TextIsStrAndBytesAreBin) {
  EXPECT_EQ(encoded(std::string{"ab"}), raw({0xa2, 'a', 'b'}));
  EXPECT_EQ(encoded(std::u8string{u8"ab"}), raw({0xa2, 'a', 'b'}));
  EXPECT_EQ(encoded(std::filesystem::path{"/a"}), raw({0xa2, '/', 'a'}));
  EXPECT_EQ(encoded(std::vector<std::byte>{std::byte{1}}), raw({0xc4, 1, 1}));
  EXPECT_EQ(encoded(std::vector<unsigned char>{1}), raw({0xc4, 1, 1}));
  EXPECT_EQ(encoded(std::vector<char>{1}), raw({0xc4, 1, 1}));
  EXPECT_EQ(encoded(std::array<std::byte, 2>{}), raw({0xc4, 2, 0, 0}));
  EXPECT_EQ(encoded(troupe::Buffer::copy_of(raw({9}))), raw({0xc4, 1, 9}));
  EXPECT_EQ(encoded(std::vector<std::int8_t>{1}), raw({0x91, 1})) << "int8_t is a number";

  const troupe::Bytes long_text = encoded(std::string(32, 'x'));
  EXPECT_EQ(troupe::Bytes(long_text.begin(), long_text.begin() + 2), raw({0xd9, 32}));
  const troupe::Bytes longer = encoded(std::string(256, 'x'));
  EXPECT_EQ(troupe::Bytes(longer.begin(), longer.begin() + 3), raw({0xda, 1, 0}));
}

TEST(WireTest, ContainersAreArraysAndMaps) {
  EXPECT_EQ(encoded(std::vector<int>{1, 2}), raw({0x92, 1, 2}));
  EXPECT_EQ(encoded(std::set<int>{1, 2}), raw({0x92, 1, 2}));
  EXPECT_EQ(encoded(std::array<int, 2>{1, 2}), raw({0x92, 1, 2}));
  EXPECT_EQ(encoded(std::vector<bool>{true, false}), raw({0x92, 0xc3, 0xc2}));
  EXPECT_EQ(encoded(std::pair{1, true}), raw({0x92, 1, 0xc3}));
  EXPECT_EQ(encoded(std::tuple{1}), raw({0x91, 1}));
  EXPECT_EQ(encoded(std::map<int, int>{{1, 2}}), raw({0x81, 1, 2}));
  EXPECT_EQ(encoded(std::multimap<int, int>{{1, 2}, {1, 3}}), raw({0x92, 0x92, 1, 2, 0x92, 1, 3}))
      << "a Python dict would keep one of them";
  const troupe::Bytes sixteen = encoded(std::vector<int>(16));
  EXPECT_EQ(troupe::Bytes(sixteen.begin(), sixteen.begin() + 3), raw({0xdc, 0, 16}));
}

TEST(WireTest, ChoicesSayWhichTheyAre) {
  EXPECT_EQ(encoded(std::optional<int>{}), raw({0xc0}));
  EXPECT_EQ(encoded(std::optional<int>{3}), raw({3}));
  EXPECT_EQ(encoded(std::unique_ptr<int>{}), raw({0xc0}));
  EXPECT_EQ(encoded(std::make_unique<int>(3)), raw({3}));
  EXPECT_EQ(encoded(std::variant<int, std::string>{"x"}), raw({0x92, 1, 0xa1, 'x'}));
}

TEST(WireTest, TimesAreCountsOfTheirOwnPeriod) {
  EXPECT_EQ(encoded(5ms), raw({5}));
  EXPECT_EQ(encoded(std::chrono::duration<double>{1.5}), encoded(1.5));
  EXPECT_EQ(encoded(std::chrono::system_clock::time_point{3us}), encoded(3000));
}

TEST(WireTest, AStructIsAnArrayOfItsMembers) {
  EXPECT_EQ(encoded(Row{1, "x", 0}), raw({0x93, 1, 0xa1, 'x', 0xcb, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encoded(Empty{}), raw({0x90}));
}

TEST(WireTest, ADescriptorIsAnExtensionThatNamesItsPlace) {
  troupe::Encoded out;
  const auto fd = troupe::UniqueFd::duplicate(0).value();
  ASSERT_TRUE(troupe::encode(out, std::tuple<const troupe::UniqueFd&, int>{fd, 1}));
  EXPECT_EQ(out.joined(), raw({0x92, 0xd4, 1, 0, 1}));
  EXPECT_EQ(encoded(troupe::UniqueFd{}), raw({0xc0}));
}

TEST(WireTest, LongerFormsThanNeededAreRead) {
  EXPECT_EQ(decoded<int>(raw({0xd3, 0, 0, 0, 0, 0, 0, 0, 5})).value(), 5);
  EXPECT_EQ(decoded<std::string>(raw({0xdb, 0, 0, 0, 1, 'x'})).value(), "x");
  EXPECT_EQ(decoded<troupe::Bytes>(raw({0xc6, 0, 0, 0, 1, 'x'})).value(), raw("x"));
  EXPECT_EQ(decoded<std::vector<int>>(raw({0xdd, 0, 0, 0, 1, 7})).value(), std::vector{7});
  EXPECT_EQ((decoded<std::map<int, int>>(raw({0xdf, 0, 0, 0, 1, 7, 8})).value()),
            (std::map<int, int>{{7, 8}}));
  EXPECT_EQ(decoded<Empty>(raw({0xdc, 0, 0})).value(), Empty{});
  EXPECT_EQ((decoded<std::pair<int, int>>(raw({0xdc, 0, 2, 1, 2})).value()), (std::pair{1, 2}));
}

}  // namespace
}  // namespace troupe_test
