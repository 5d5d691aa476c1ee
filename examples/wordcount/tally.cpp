// SPDX-License-Identifier: Apache-2.0
#include "wordcount/tally.hpp"

#include "wordcount/words.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace wordcount {

void Tally::add(std::string_view word, std::uint64_t count) {
  const auto found = counts_.find(word);
  if (found != counts_.end()) {
    found->second += count;
    return;
  }
  counts_.emplace(word, count);
  bytes_ += message_bytes(word);
}

std::uint64_t Tally::add_text(std::string_view text) {
  std::uint64_t words = 0;
  for_each_word(text, [&](std::string_view word) {
    add(word);
    ++words;
  });
  return words;
}

std::uint64_t Tally::count_of(std::string_view word) const {
  const auto found = counts_.find(word);
  return found != counts_.end() ? found->second : 0;
}

Counts Tally::take() {
  Counts all;
  all.words.reserve(counts_.size());
  while (!counts_.empty()) {
    auto word = counts_.extract(counts_.begin());
    all.words.push_back({std::move(word.key()), word.mapped()});
  }
  bytes_ = 0;
  return all;
}

std::vector<WordCount> Tally::best(std::uint64_t most) const {
  using Entry = std::pair<const std::string, std::uint64_t>;
  std::vector<const Entry*> entries;
  entries.reserve(counts_.size());
  for (const Entry& entry : counts_) {
    entries.push_back(&entry);
  }
  const auto better = [](const Entry* a, const Entry* b) {
    return a->second != b->second ? a->second > b->second : a->first < b->first;
  };
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(most, entries.size()));
  std::ranges::partial_sort(entries, entries.begin() + count, better);
  std::vector<WordCount> words;
  for (const Entry* entry : std::span{entries}.first(static_cast<std::size_t>(count))) {
    words.push_back({entry->first, entry->second});
  }
  return words;
}

std::vector<Counts> in_batches(std::vector<WordCount> words) {
  std::vector<Counts> batches;
  std::size_t bytes = Tally::kBatchBytes;
  for (WordCount& word : words) {
    if (bytes >= Tally::kBatchBytes) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += message_bytes(word.word);
    batches.back().words.push_back(std::move(word));
  }
  return batches;
}

}  // namespace wordcount
