// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"

#include <gtest/gtest.h>

namespace troupe_test {
namespace {

using troupe::Dynamic;
using Map = Dynamic::Map;
using Array = Dynamic::Array;

TEST(DynamicTest, HoldsWhateverArrives) {
  const Dynamic value = decoded<Dynamic>(encoded(everything())).value();
  EXPECT_EQ(value.as<Everything>().value(), everything());
}

TEST(DynamicTest, ComesBackAsItWas) {
  const Dynamic value{Map{{"nil", {}},
                          {"array", Array{1, -1, 2.5, true, "text"}},
                          {7, raw("bytes")},
                          {"big", ~std::uint64_t{0}},
                          {"extension", Dynamic::Extension{5, raw("x")}}}};
  EXPECT_EQ(decoded<Dynamic>(encoded(value)).value(), value);
}

TEST(DynamicTest, ConvertsToTheTypeThatIsAskedFor) {
  EXPECT_EQ(Dynamic{300}.as<int>().value(), 300);
  EXPECT_EQ(Dynamic{"text"}.as<std::string>().value(), "text");
  EXPECT_EQ(Dynamic{1}.as<double>().value(), 1.0);
  EXPECT_EQ(Dynamic{Row{}}.as<Row>().value(), Row{});
  EXPECT_EQ((Dynamic{Map{{"a", 1}}}.as<std::map<std::string, int>>().value()),
            (std::map<std::string, int>{{"a", 1}}));
  EXPECT_EQ(Dynamic{}.as<std::optional<int>>().value(), std::nullopt);
}

TEST(DynamicTest, SaysWhyItDoesNotConvert) {
  EXPECT_STREQ(Dynamic{300}.as<std::uint8_t>().error().what(), "300 is out of range: 0 to 255");
  EXPECT_STREQ(Dynamic{"x"}.as<int>().error().what(),
               "expected an integer, found a string of 1 byte at byte 0");
}

TEST(DynamicTest, EqualNumbersAreEqualWhateverTypeTheyCameFrom) {
  EXPECT_EQ(Dynamic{5U}, Dynamic{std::int8_t{5}});
  EXPECT_EQ(Dynamic{std::uint64_t{5}}, Dynamic{5L});
  EXPECT_NE(Dynamic{~std::uint64_t{0}}, Dynamic{-1});
  EXPECT_NE(Dynamic{5}, Dynamic{5.0});
  EXPECT_NE(Dynamic{1}, Dynamic{true});
}

TEST(DynamicTest, MapsAreEqualInAnyOrder) {
  EXPECT_EQ((Dynamic{Map{{"a", 1}, {"b", 2}}}), (Dynamic{Map{{"b", 2}, {"a", 1}}}));
  EXPECT_NE((Dynamic{Map{{"a", 1}, {"b", 2}}}), (Dynamic{Map{{"b", 1}, {"a", 2}}}));
  EXPECT_NE((Dynamic{Map{{"a", 1}}}), (Dynamic{Map{{"a", 1}, {"b", 2}}}));
  EXPECT_NE(Dynamic{Map{}}, Dynamic{Array{}});
}

TEST(DynamicTest, KeepsTheOrderOfAMap) {
  const troupe::Bytes bytes = raw({0x82, 0xa1, 'z', 1, 0xa1, 'a', 2});
  EXPECT_EQ(encoded(decoded<Dynamic>(bytes).value()), bytes);
}

TEST(DynamicTest, PartsAreFoundByKeyAndIndex) {
  const Dynamic value = Map{{"list", Array{1, "two"}}};
  ASSERT_NE(value.find("list"), nullptr);
  EXPECT_EQ(*value.find("list")->find(1), Dynamic{"two"});
  EXPECT_EQ(value.find("nothing"), nullptr);
  EXPECT_EQ(value.find("list")->find(2), nullptr);
  EXPECT_EQ(value.find(0), nullptr);
  EXPECT_EQ(Dynamic{}.find("x"), nullptr);
}

TEST(DynamicTest, TextIsReadable) {
  EXPECT_EQ(Dynamic{}.text(), "nil");
  EXPECT_EQ((Dynamic{Map{{"a", Array{1, -2.5, 3.0, nullptr}}, {"b\n", raw("xyz")}}}.text()),
            "{\"a\": [1, -2.5, 3.0, nil], \"b\\n\": bytes(3)}");
  EXPECT_EQ(Dynamic{Array{}}.text(), "[]");
  EXPECT_EQ(Dynamic{Map{}}.text(), "{}");
  EXPECT_EQ((Dynamic{Dynamic::Extension{-1, raw("ab")}}.text()), "extension(-1, 2)");
  EXPECT_EQ(Dynamic{1e300}.text(), "1e+300");
  EXPECT_EQ(Dynamic{"quote \" \x01"}.text(), "\"quote \\\" \\x01\"");
  EXPECT_EQ(Dynamic{true}.text(), "true");
}

struct Event {
  std::string name;
  std::map<std::string, Dynamic> details;
  friend bool operator==(const Event&, const Event&) = default;
};

TEST(DynamicTest, IsAMemberOfAMessage) {
  const Event event{"e", {{"a", 1}, {"b", Array{"x"}}}};
  EXPECT_EQ(decoded<Event>(encoded(event)).value(), event);
}

}  // namespace
}  // namespace troupe_test
