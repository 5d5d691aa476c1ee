// SPDX-License-Identifier: Apache-2.0
#include "wordcount/words.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wordcount {
namespace {

std::vector<std::string> words_of(std::string_view text, std::size_t longest = kLongestWord) {
  std::vector<std::string> words;
  for_each_word(
      text, [&](std::string_view word) { words.emplace_back(word); }, longest);
  return words;
}

using Words = std::vector<std::string>;

TEST(WordsTest, AWordIsARunOfLettersDigitsAndUnderscores) {
  EXPECT_EQ(words_of("#define MAX_SIZE 0x10u // the-end"),
            (Words{"define", "MAX_SIZE", "0x10u", "the", "end"}));
}

TEST(WordsTest, BytesOutsideAsciiBelongToWords) {
  EXPECT_EQ(words_of("naïve→x\xff\x80 b"), (Words{"naïve→x\xff\x80", "b"}));
}

TEST(WordsTest, OtherBytesOfBinaryFilesSeparate) {
  EXPECT_EQ(words_of(std::string_view{"a\0b\x7f\x01z", 6}), (Words{"a", "b", "z"}));
}

TEST(WordsTest, TextWithoutWordsHasNone) {
  EXPECT_EQ(words_of(""), Words{});
  EXPECT_EQ(words_of(" \n\t-"), Words{});
}

TEST(WordsTest, AVeryLongRunCountsAsSeveralWords) {
  EXPECT_EQ(words_of("abcdefgh ij", 3), (Words{"abc", "def", "gh", "ij"}));
}

TEST(LastWordBeginTest, IsWhereAWordThatMayGoOnBegins) {
  EXPECT_EQ(last_word_begin("one two"), 4U);
  EXPECT_EQ(last_word_begin("one two "), 8U);
  EXPECT_EQ(last_word_begin("one"), 0U);
  EXPECT_EQ(last_word_begin(""), 0U);
}

}  // namespace
}  // namespace wordcount
