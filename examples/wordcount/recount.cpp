// SPDX-License-Identifier: Apache-2.0
#include "wordcount/recount.hpp"

#include "troupe/base/deadline.hpp"
#include "wordcount/chunks.hpp"
#include "wordcount/text.hpp"
#include "wordcount/words.hpp"

#include <chrono>
#include <string>

namespace wordcount {
namespace {

constexpr troupe::Duration kProgressEvery = std::chrono::milliseconds{100};

class WordByWord final {
 public:
  explicit WordByWord(Recount& result) : result_(result) {}

  void byte(char byte) {
    if (!is_word_byte(byte)) {
      end();
      return;
    }
    word_ += byte;
    if (word_.size() == kLongestWord) {
      end();
    }
  }

  void end() {
    if (!word_.empty()) {
      result_.tally.add(word_);
      ++result_.words;
      word_.clear();
    }
  }

 private:
  Recount& result_;
  std::string word_;
};

}  // namespace

troupe::Result<Recount> recount(const Input& input, const std::stop_token& stop,
                                const std::function<void(const Extent&)>& progress) {
  Recount result;
  WordByWord words{result};
  Tree tree{input};
  troupe::Bytes block(std::size_t{64} << 10);
  troupe::Deadline next_progress = kProgressEvery;
  while (const auto path = tree.next()) {
    InputFile file{*path};
    while (const std::size_t count = file.read(block)) {
      if (stop.stop_requested()) {
        return troupe::Error{troupe::Code::cancelled, "count again: asked to stop"};
      }
      result.extent.bytes += count;
      for (const char byte : troupe::text_of(std::span{block}.first(count))) {
        words.byte(byte);
      }
      if (next_progress.passed()) {
        progress(result.extent);
        next_progress = kProgressEvery;
      }
    }
    words.end();
    result.extent.files += file.unreadable() ? 0 : 1;
  }
  return result;
}

std::string differences(const Recount& recount, const std::vector<WordCount>& words) {
  constexpr int kMost = 10;
  std::string text;
  int found = 0;
  const auto differs = [&](const std::string& word, std::uint64_t here, std::uint64_t there) {
    if (here != there && ++found <= kMost) {
      text += "  " + printable(word) + ": the pipeline counted " + std::to_string(here) +
              ", one process " + std::to_string(there) + "\n";
    }
  };
  Tally pipeline;
  for (const auto& [word, count] : words) {
    pipeline.add(word, count);
    differs(word, count, recount.tally.count_of(word));
  }
  recount.tally.for_each([&](const std::string& word, std::uint64_t count) {
    if (pipeline.count_of(word) == 0) differs(word, 0, count);
  });
  return found <= kMost ? text : text + "  and " + std::to_string(found - kMost) + " more\n";
}

}  // namespace wordcount
