// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tally: how often each word came.

#include "wordcount/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace wordcount {

class Tally final {
 public:
  // How much one message of counts is to hold; a single word more may be in it.
  static constexpr std::size_t kBatchBytes = std::size_t{4} << 20;

  void add(std::string_view word, std::uint64_t count = 1);
  // Adds each word of `text`; returns how many there are.
  std::uint64_t add_text(std::string_view text);

  std::uint64_t different_words() const { return counts_.size(); }
  std::uint64_t count_of(std::string_view word) const;
  template <class Use>
  void for_each(Use use) const {
    for (const auto& [word, count] : counts_)
      use(word, count);
  }
  bool fills_a_batch() const { return bytes_ >= kBatchBytes; }

  // All of it, in no order; empties it.
  Counts take();
  // The `most` most frequent; of those that came equally often, the first by bytes.
  std::vector<WordCount> best(std::uint64_t most) const;

  friend bool operator==(const Tally& a, const Tally& b) { return a.counts_ == b.counts_; }

 private:
  // Lets a word be looked up without making a string of it.
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): std's name
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>{}(word);
    }
  };

  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> counts_;
  std::size_t bytes_ = 0;  // that they take in a message, about
};

// The bytes that a word takes in a message, about.
constexpr std::size_t message_bytes(std::string_view word) {
  constexpr std::size_t kAroundIt = 8;  // lengths and the count
  return word.size() + kAroundIt;
}

// The same words, as many messages as it takes.
std::vector<Counts> in_batches(std::vector<WordCount> words);

}  // namespace wordcount
