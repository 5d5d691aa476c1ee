// SPDX-License-Identifier: Apache-2.0
#include "wordcount/chunks.hpp"

#include "temporary_tree.hpp"
#include "wordcount/recount.hpp"
#include "wordcount/tally.hpp"
#include "wordcount/words.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace wordcount {
namespace {

class ChunksTest : public testing::Test {
 protected:
  struct Total {
    Tally tally;
    std::uint64_t files = 0, bytes = 0, words = 0, chunks = 0;
    std::size_t largest = 0;
  };

  Total count(std::size_t chunk_size) {
    Chunks chunks{input(), chunk_size};
    Total total;
    while (const auto chunk = chunks.next()) {
      const auto text = troupe::text_of(chunk->text.bytes());
      total.words += total.tally.add_text(text);
      total.files += chunk->files;
      total.bytes += chunk->bytes;
      total.largest = std::max(total.largest, text.size());
      ++total.chunks;
    }
    unreadable_ = chunks.take_unreadable();
    return total;
  }

  Input input() const { return {place_.path().string(), false}; }

  TemporaryTree place_;
  std::vector<Unreadable> unreadable_;
};

TEST_F(ChunksTest, SmallFilesArePutTogetherWithoutJoiningTheirWords) {
  place_.write("a", "one");
  place_.write("b", "two ");
  place_.write("c", "three");
  auto total = count(1000);
  EXPECT_EQ(total.chunks, 1U);
  EXPECT_EQ(total.files, 3U);
  EXPECT_EQ(total.bytes, 12U);
  EXPECT_EQ(total.words, 3U);
}

TEST_F(ChunksTest, BigFilesAreCutBetweenWords) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "word" + std::to_string(i % 7) + (i % 3 == 0 ? "\n" : " ");
  }
  place_.write("big", text);
  auto total = count(64);
  EXPECT_GT(total.chunks, 20U);
  EXPECT_LE(total.largest, 128U);
  EXPECT_EQ(total.files, 1U);
  EXPECT_EQ(total.bytes, text.size());
  EXPECT_EQ(total.words, 1000U);
  EXPECT_EQ(total.tally.different_words(), 7U);
}

TEST_F(ChunksTest, AWordLongerThanAChunkStaysWhole) {
  place_.write("long", "a " + std::string(1000, 'x') + " b");
  auto total = count(64);
  EXPECT_EQ(total.words, 3U);
  EXPECT_EQ(total.tally.different_words(), 3U);
}

TEST_F(ChunksTest, EmptyFilesAreCounted) {
  place_.write("a", "");
  place_.write("b", "");
  auto total = count(64);
  EXPECT_EQ(total.files, 2U);
  EXPECT_EQ(total.bytes, 0U);
  EXPECT_EQ(total.words, 0U);
}

TEST_F(ChunksTest, AnEmptyTreeHasNoChunks) {
  EXPECT_EQ(count(64).chunks, 0U);
}

TEST_F(ChunksTest, WhatCannotBeReadIsNamedAndNotCounted) {
  place_.write("a", "one");
  Chunks chunks{{(place_.path() / "a").string(), false}};  // not a directory
  EXPECT_FALSE(chunks.next());
  EXPECT_EQ(chunks.take_unreadable().size(), 1U);

  InputFile missing{place_.path() / "missing"};
  std::array<std::byte, 8> place_for_bytes{};
  EXPECT_EQ(missing.read(place_for_bytes), 0U);
  ASSERT_TRUE(missing.unreadable());
  EXPECT_EQ(missing.unreadable()->why, "No such file or directory");
}

TEST_F(ChunksTest, AFileThatHasBecomeALinkIsNotRead) {
  place_.write("a", "one");
  std::filesystem::create_symlink("a", place_.path() / "link");
  EXPECT_TRUE(InputFile{place_.path() / "link"}.unreadable());
}

// Random bytes in random files: the words of the chunks are the words of the files, whatever the
// size.
TEST_F(ChunksTest, ChunksHoldTheSameWordsAsTheFiles) {
  std::mt19937 random{7};
  for (int file = 0; file < 40; ++file) {
    std::string content(random() % 3000, ' ');
    for (char& byte : content) {
      byte = static_cast<char>("ab_ \n-\xff\x00z9"[random() % 10]);
    }
    place_.write(std::to_string(file % 5) + "/" + std::to_string(file), content);
  }
  const Recount plain = recount(input(), {}, [](const Extent&) {}).value();
  EXPECT_EQ(plain.extent.files, 40U);
  for (const std::size_t size : {2U, 3U, 17U, 256U, 4096U, 1U << 20U}) {
    const auto total = count(size);
    EXPECT_EQ(total.files, plain.extent.files) << size;
    EXPECT_EQ(total.bytes, plain.extent.bytes) << size;
    EXPECT_EQ(total.words, plain.words) << size;
    EXPECT_TRUE(total.tally == plain.tally) << size;
  }
}

TEST_F(ChunksTest, AWordAboveTheLimitCountsAsSeveralHoweverItIsRead) {
  place_.write("long", std::string(2 * kLongestWord + 5, 'x') + " end");
  const Recount plain = recount(input(), {}, [](const Extent&) {}).value();
  const auto total = count(Chunks::kSize);
  EXPECT_EQ(plain.words, 4U);
  EXPECT_EQ(total.words, 4U);
  EXPECT_TRUE(total.tally == plain.tally);
}

}  // namespace
}  // namespace wordcount
