// SPDX-License-Identifier: Apache-2.0
#include "wordcount/summary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wordcount {
namespace {

TEST(TableTest, HasAWordAndItsCountALine) {
  const std::vector<WordCount> words{{"the", 1200}, {"a", 7}};
  EXPECT_EQ(table_text(words, false), "the  1200\na       7\n");
}

TEST(TableTest, WordsArePrintedAsTheyAreUnlessATerminalShowsThem) {
  const std::vector<WordCount> words{{"\xff\x9b", 1}};
  EXPECT_EQ(table_text(words, false), "\xff\x9b  1\n");
  EXPECT_EQ(table_text(words, true), "\\xff\\x9b  1\n");
}

TEST(TableTest, AVeryLongWordDoesNotMoveTheOthers) {
  const std::vector<WordCount> words{{std::string(100, 'x'), 1}, {"a", 1}};
  EXPECT_EQ(table_text(words, false),
            std::string(100, 'x') + "  1\na" + std::string(39, ' ') + "  1\n");
}

TEST(TableTest, NoWordsAreNoLines) {
  EXPECT_EQ(table_text({}, false), "");
}

TEST(StagesTest, HasAProcessALine) {
  EXPECT_EQ(stages_text({{"reader", {.files = 1234, .bytes = 5'000'000, .cpu_seconds = 0.5}},
                         {"worker 1", {.words = 10, .different_words = 2}}}),
            "process   files   bytes  words  different     CPU\n"
            "reader    1,234  5.0 MB      -          -  0.50 s\n"
            "worker 1      -       -     10          2  0.00 s\n");
}

TEST(TotalTest, SaysHowMuchWasCountedAndHowFast) {
  const Report reader{.files = 3, .bytes = 50'000'000};
  const Report reducer{.words = 1000, .different_words = 200};
  EXPECT_EQ(
      total_text(reader, reducer, 2.0, 0),
      "1,000 words, 200 different ones, in 3 files of 50.0 MB, counted in 2.00 s (25 MB/s)\n");
  EXPECT_NE(
      total_text(reader, reducer, 2.0, 2).find("\n2 files or directories could not be read\n"),
      std::string::npos);
}

}  // namespace
}  // namespace wordcount
