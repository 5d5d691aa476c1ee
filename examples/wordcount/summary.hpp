// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is printed at the end.

#include "wordcount/messages.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace wordcount {

// A word and its count a line. `for_terminal`: bytes that are no text for one are written as \xff.
std::string table_text(std::span<const WordCount> words, bool for_terminal);

// What each process did, a line each.
struct Stage {
  std::string name;
  Report report;
};
std::string stages_text(const std::vector<Stage>& stages);

// The whole in a sentence: what the reader read and the reducer added up.
std::string total_text(const Report& reader, const Report& reducer, double seconds,
                       std::uint64_t unreadable);

}  // namespace wordcount
