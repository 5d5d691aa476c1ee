// SPDX-License-Identifier: Apache-2.0
// Types with MSGPACK_DEFINE, and whether msgpack-c reads and writes what we do.
#include "troupe/serialization/msgpack_define.hpp"

#include "messages.hpp"

#include <gtest/gtest.h>
#include <msgpack.hpp>

namespace troupe_test {
namespace {

// A class that was made for msgpack-c: private members, in the form of an array.
class Reading {
 public:
  Reading() = default;
  Reading(std::string sensor, std::vector<double> values)
      : sensor_(std::move(sensor)), values_(std::move(values)) {}
  friend bool operator==(const Reading&, const Reading&) = default;

  MSGPACK_DEFINE(sensor_, values_)

 private:
  std::string sensor_;
  std::vector<double> values_;
};

// A struct in the form of a map, which would be an aggregate without the macro.
struct Setting {
  std::string name;
  int value = 0;
  MSGPACK_DEFINE_MAP(name, value)
  friend bool operator==(const Setting&, const Setting&) = default;
};

struct Report {
  std::uint32_t id = 0;
  std::vector<Reading> readings;
  Setting setting;
  friend bool operator==(const Report&, const Report&) = default;
};

// A Row as msgpack-c knows it.
struct ForeignRow {
  std::uint64_t number = 0;
  std::string text;
  double score = 0;
  MSGPACK_DEFINE(number, text, score)
};

const Report kReport{7, {{"a", {1, 2.5}}, {"b", {}}}, {"limit", 300}};

TEST(MsgpackDefineTest, AreMessagesAndMembersOfMessages) {
  EXPECT_EQ(decoded<Report>(encoded(kReport)).value(), kReport);
  EXPECT_EQ(decoded<Setting>(encoded(kReport.setting)).value(), kReport.setting);
}

TEST(MsgpackDefineTest, KeepTheFormThatTheMacroSays) {
  EXPECT_EQ(encoded(Setting{"x", 1}),
            raw({0x82, 0xa4, 'n', 'a', 'm', 'e', 0xa1, 'x', 0xa5, 'v', 'a', 'l', 'u', 'e', 1}));
  EXPECT_EQ(encoded(Reading{"x", {}}), raw({0x92, 0xa1, 'x', 0x90}));
}

TEST(MsgpackDefineTest, WhatAMessageLeavesOutIsNotWhatWasThereBefore) {
  Reading reading{"old", {1, 2, 3}};
  ASSERT_TRUE(troupe::decode_into(reading, {.bytes = raw({0x91, 0xa1, 'x'})}));
  EXPECT_EQ(reading, (Reading{"x", {}}));
}

TEST(MsgpackDefineTest, ContentThatDoesNotFitIsToldWithItsPlace) {
  const troupe::Bytes bytes = encoded(std::tuple{1, std::vector{1, 2}, 3});
  EXPECT_STREQ(decoded<Report>(bytes).error().what(),
               "Report.readings[0]: its content does not fit the type's MSGPACK_DEFINE");
}

TEST(MsgpackDefineTest, TheLimitsHoldHereToo) {
  const Reading reading{std::string(100, 'x'), std::vector<double>(100)};
  const troupe::Bytes bytes = encoded(reading);
  EXPECT_EQ(decoded<Reading>(bytes).value(), reading);
  EXPECT_EQ(decoded<Reading>(bytes, {.elements = 99}).error(), troupe::Code::malformed);
  EXPECT_EQ(decoded<Reading>(bytes, {.string_bytes = 99}).error(), troupe::Code::malformed);
  EXPECT_EQ(decoded<Reading>(bytes, {.total_bytes = 1000}).error(), troupe::Code::malformed);
  EXPECT_EQ(decoded<Reading>(raw({0x92, 0xa0, 0xdd, 0xff, 0xff, 0xff, 0xff})).error(),
            troupe::Code::malformed);
}

TEST(MsgpackDefineTest, TheirSchemaIsTheirName) {
  EXPECT_EQ(troupe::can_be_received<Report>, true);
  EXPECT_FALSE(troupe::carries_fds<Report>);
}

TEST(MsgpackDefineTest, WhatStandsElsewhereIsThereForMsgpackC) {
  const std::string name(5000, 'n');
  const std::tuple sent{7, std::map<std::string, troupe::Dynamic>{{"name", name}}, name};
  troupe::Encoded out;
  troupe::encode(out, sent).value();
  const troupe::Bytes head{out.head.bytes().begin(), out.head.bytes().end()};
  std::vector<troupe::DetachedBytes> detached;
  for (const auto& piece : out.borrowed) {
    detached.push_back({piece.at, troupe::Buffer::copy_of(piece.bytes)});
  }
  const troupe::Incoming incoming{.bytes = head, .detached = detached};

  const auto back = troupe::decode<std::tuple<int, Setting, std::string>>(incoming);

  ASSERT_TRUE(back) << back.error().what();
  EXPECT_TRUE(*back == (std::tuple{7, Setting{name, 0}, name}));
  detached.pop_back();
  EXPECT_FALSE((troupe::decode<std::tuple<int, Setting, std::string>>(
      {.bytes = head, .detached = detached})));
}

// ---- msgpack-c at the other end ----

TEST(MsgpackPeerTest, MsgpackCReadsWhatWeWrite) {
  const troupe::Bytes bytes = encoded(Row{300, "text", -0.5});
  const auto text = troupe::text_of(bytes);
  const msgpack::object_handle handle = msgpack::unpack(text.data(), text.size());
  ForeignRow row;
  handle.get().convert(row);
  EXPECT_EQ((Row{row.number, row.text, row.score}), (Row{300, "text", -0.5}));
}

TEST(MsgpackPeerTest, WeWriteTheBytesThatMsgpackCWrites) {
  const std::tuple message{-1,
                           70000U,
                           std::string(40, 'x'),
                           std::vector<int>(20, 7),
                           std::map<std::string, double>{{"a", 1.5}},
                           true,
                           std::vector<char>{'b', 'i', 'n'}};
  msgpack::sbuffer theirs;
  msgpack::pack(theirs, message);
  EXPECT_EQ(encoded(message), raw(std::string_view{theirs.data(), theirs.size()}));
}

}  // namespace
}  // namespace troupe_test
