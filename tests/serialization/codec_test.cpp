// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/codec.hpp"

#include <gtest/gtest.h>

namespace {

struct Row {
  std::uint64_t number = 0;
  std::string text;
  double score = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

struct Table {
  std::string title;
  std::vector<Row> rows;
  std::vector<int> widths;
  friend bool operator==(const Table&, const Table&) = default;
};

template <class T>
troupe::Bytes bytes_of(const T& value) {
  troupe::Encoded out;
  troupe::encode(out, value).value();
  return out.joined();
}

TEST(CodecTest, StructsRoundTrip) {
  const Table table{"t", {{1, "one", 0.5}, {300, "three hundred", -1}}, {1, -200, 70000}};
  const troupe::Bytes bytes = bytes_of(table);

  EXPECT_EQ(troupe::decode<Table>({.bytes = bytes}).value(), table);
}

TEST(CodecTest, AnErrorNamesThePathAndWhatWasFound) {
  struct Other {
    std::string title;
    std::vector<std::tuple<int>> rows;
    std::vector<int> widths;
  };
  troupe::Encoded out;
  troupe::Writer writer{out};
  writer.array(3);
  writer.value(std::string{"t"});
  writer.array(1);
  writer.array(3);
  writer.integer(7);
  writer.text("x");
  writer.text("hello");
  writer.array(0);
  const auto bytes = out.joined();
  const auto result = troupe::decode<Table>({.bytes = bytes});
  ASSERT_FALSE(result);
  EXPECT_STREQ(result.error().what(),
               "Table.rows[0].score: expected a float, found a string of 5 bytes at byte 8");
}

}  // namespace
