// SPDX-License-Identifier: Apache-2.0
#include "wordcount/recount.hpp"

#include "temporary_tree.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wordcount {
namespace {

TEST(RecountTest, CountsEachWordOfEachFile) {
  const TemporaryTree place;
  place.write("a", "one two");
  place.write("b/c", "two\n");
  const Recount counted = recount({place.path().string(), false}, {}, [](const Extent&) {}).value();
  EXPECT_EQ(counted.extent.files, 2U);
  EXPECT_EQ(counted.extent.bytes, 11U);
  EXPECT_EQ(counted.words, 3U);
  EXPECT_EQ(counted.tally.count_of("two"), 2U);
  EXPECT_EQ(counted.tally.count_of("three"), 0U);
}

TEST(RecountTest, StopsWhenAskedTo) {
  const TemporaryTree place;
  place.write("a", "one two");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(recount({place.path().string(), false}, stop.get_token(), [](const Extent&) {
              }).error() == troupe::Code::cancelled);
}

Recount of(std::string_view text) {
  Recount counted;
  counted.words = counted.tally.add_text(text);
  return counted;
}

TEST(DifferencesTest, ThereAreNoneBetweenEqualCounts) {
  EXPECT_EQ(differences(of("a b a"), {{"a", 2}, {"b", 1}}), "");
}

TEST(DifferencesTest, NamesEachWordThatDiffers) {
  EXPECT_EQ(differences(of("a b a"), {{"a", 1}, {"b", 1}}),
            "  a: the pipeline counted 1, one process 2\n");
  EXPECT_EQ(differences(of("a b a"), {{"a", 2}}), "  b: the pipeline counted 0, one process 1\n");
  EXPECT_EQ(differences(of("a"), {{"a", 1}, {"c", 3}}),
            "  c: the pipeline counted 3, one process 0\n");
}

TEST(DifferencesTest, ManyAreSummedUp) {
  std::vector<WordCount> words;
  words.reserve(25);
  for (int i = 0; i < 25; ++i) {
    words.push_back({"w" + std::to_string(i), 1});
  }
  const auto text = differences({}, words);
  EXPECT_NE(text.find("and 15 more\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace wordcount
