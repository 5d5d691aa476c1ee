// SPDX-License-Identifier: Apache-2.0
#include "wordcount/tally.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace wordcount {
namespace {

using Pairs = std::vector<std::pair<std::string, std::uint64_t>>;

Pairs pairs_of(const std::vector<WordCount>& words) {
  Pairs pairs;
  for (const auto& [word, count] : words) {
    pairs.emplace_back(word, count);
  }
  return pairs;
}

TEST(TallyTest, CountsTheWordsOfText) {
  Tally tally;
  EXPECT_EQ(tally.add_text("to be or not to be"), 6U);
  EXPECT_EQ(tally.different_words(), 4U);
}

TEST(TallyTest, TheBestAreSortedByCountAndThenByBytes) {
  Tally tally;
  tally.add_text("b a \xff Z b");
  EXPECT_EQ(pairs_of(tally.best(10)), (Pairs{{"b", 2}, {"Z", 1}, {"a", 1}, {"\xff", 1}}));
}

TEST(TallyTest, OfTheBestThereAreOnlySoMany) {
  Tally tally;
  tally.add_text("a b b c c c");
  EXPECT_EQ(pairs_of(tally.best(2)), (Pairs{{"c", 3}, {"b", 2}}));
}

TEST(TallyTest, TakingAllLeavesNothing) {
  Tally tally;
  tally.add("a", 5);
  EXPECT_EQ(pairs_of(tally.take().words), (Pairs{{"a", 5}}));
  EXPECT_EQ(tally.different_words(), 0U);
  EXPECT_EQ(tally.take().words.size(), 0U);
}

TEST(TallyTest, TalliesAreEqualWhenTheirCountsAre) {
  Tally one;
  Tally other;
  one.add_text("a b a");
  other.add("b");
  other.add("a", 2);
  EXPECT_TRUE(one == other);
  other.add("a");
  EXPECT_FALSE(one == other);
}

TEST(TallyTest, ManyDifferentWordsFillABatch) {
  Tally tally;
  EXPECT_FALSE(tally.fills_a_batch());
  tally.add(std::string(Tally::kBatchBytes, 'x'));
  EXPECT_TRUE(tally.fills_a_batch());
  (void)tally.take();
  EXPECT_FALSE(tally.fills_a_batch());
}

TEST(InBatchesTest, SplitsManyWordsAndKeepsTheirOrder) {
  std::vector<WordCount> words;
  for (char letter = 'a'; letter <= 'j'; ++letter) {
    words.push_back({std::string(Tally::kBatchBytes / 3, letter), 1});
  }
  const auto batches = in_batches(words);
  EXPECT_EQ(batches.size(), 4U);
  Pairs rejoined;
  for (const Counts& batch : batches) {
    std::ranges::move(pairs_of(batch.words), std::back_inserter(rejoined));
  }
  EXPECT_EQ(rejoined, pairs_of(words));
  EXPECT_TRUE(in_batches({}).empty());
}

}  // namespace
}  // namespace wordcount
