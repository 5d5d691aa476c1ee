// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the processes tell each other. Each is a plain struct: that is all a message has to be.

#include "troupe/base/buffer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace wordcount {

// Reader to workers, through a queue: text that begins and ends between words: several small files,
// or a part of a big one.
struct Chunk {
  std::uint64_t files = 0;  // that end in it
  std::uint64_t bytes = 0;  // of files; the line ends put between them do not count
  troupe::Buffer text;
};

struct WordCount {
  std::string word;
  std::uint64_t count = 0;
};

// What one worker did.
struct Share {
  std::string worker;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t words = 0;
  double cpu_seconds = 0;  // of its process so far; of those before it nothing is known
};

// Worker to reducer, through a queue: what is in one chunk. Reducer to main: the result, best
// first.
struct Counts {
  std::vector<WordCount> words;
  Share share{};
};

// Worker to main, when it begins.
struct Begun {
  std::string worker;
  int pid = 0;
};

// A file or directory that could not be read.
struct Unreadable {
  std::string path;
  std::string why;
};

// Any process to main: what it has done so far.
struct Report {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t words = 0;
  std::uint64_t different_words = 0;
  double cpu_seconds = 0;
  std::vector<Unreadable> unreadable{};  // since the last report
  std::vector<Share> shares{};           // of the workers: the reducer's
};

}  // namespace wordcount
