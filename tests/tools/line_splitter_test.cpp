// SPDX-License-Identifier: Apache-2.0
#include "tools/line_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::tools {
namespace {

std::vector<std::string> lines_of(const std::string& text, std::size_t piece_size) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += piece_size) {
    splitter.add(std::string_view{text}.substr(at, piece_size));
    while (const auto line = splitter.next()) {
      lines.emplace_back(*line);
    }
  }
  if (const auto last = splitter.last()) {
    lines.emplace_back(*last);
  }
  return lines;
}

TEST(LineSplitterTest, FindsLinesHoweverTheTextIsCut) {
  for (std::size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(lines_of("one\n\ntwo\nthree", size),
              (std::vector<std::string>{"one", "", "two", "three"}))
        << size;
  }
}

TEST(LineSplitterTest, AtTheEndThereIsNoEmptyLine) {
  EXPECT_EQ(lines_of("one\n", 100), std::vector<std::string>{"one"});
  EXPECT_TRUE(lines_of("", 100).empty());
}

TEST(LineSplitterTest, KnowsHowMuchWaitsForALineEnd) {
  LineSplitter splitter;
  splitter.add("one\ntw");
  EXPECT_EQ(splitter.waiting(), 6U);
  EXPECT_EQ(splitter.next(), "one");
  EXPECT_EQ(splitter.waiting(), 2U);
}

}  // namespace
}  // namespace troupe::tools
