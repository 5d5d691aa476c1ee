// SPDX-License-Identifier: Apache-2.0
#include "wordcount/summary.hpp"

#include "wordcount/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iomanip>
#include <sstream>
#include <utility>

namespace wordcount {
namespace {

int width_of(std::size_t width) {
  return static_cast<int>(width);
}

}  // namespace

std::string table_text(std::span<const WordCount> words, bool for_terminal) {
  constexpr std::size_t kWidest = 40;  // a longer word moves its count to the right
  std::vector<std::string> shown;
  std::size_t word_width = 0;
  std::size_t count_width = 0;
  for (const auto& [word, count] : words) {
    shown.push_back(for_terminal ? printable(word) : word);
    word_width = std::min(kWidest, std::max(word_width, shown.back().size()));
    count_width = std::max(count_width, std::to_string(count).size());
  }
  std::ostringstream text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text << std::left << std::setw(width_of(word_width)) << shown[i] << "  " << std::right
         << std::setw(width_of(count_width)) << words[i].count << '\n';
  }
  return std::move(text).str();
}

std::string stages_text(const std::vector<Stage>& stages) {
  using Row = std::array<std::string, 6>;
  const auto unless_zero = [](std::uint64_t number, auto text) {
    return number > 0 ? std::string{text(number)} : std::string{"-"};
  };
  std::vector<Row> rows{{"process", "files", "bytes", "words", "different", "CPU"}};
  for (const auto& [name, report] : stages) {
    rows.push_back({name, unless_zero(report.files, with_commas),
                    unless_zero(report.bytes, in_megabytes), unless_zero(report.words, with_commas),
                    unless_zero(report.different_words, with_commas),
                    with_decimals(report.cpu_seconds, 2) + " s"});
  }
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.at(i) = std::max(widths.at(i), row.at(i).size());
    }
  }
  std::ostringstream text;
  for (const Row& row : rows) {
    text << std::left << std::setw(width_of(widths[0])) << row[0] << std::right;
    for (std::size_t i = 1; i < row.size(); ++i) {
      text << "  " << std::setw(width_of(widths.at(i))) << row.at(i);
    }
    text << '\n';
  }
  return std::move(text).str();
}

std::string total_text(const Report& reader, const Report& reducer, double seconds,
                       std::uint64_t unreadable) {
  std::string text =
      with_commas(reducer.words) + " words, " + with_commas(reducer.different_words) +
      " different ones, in " + with_commas(reader.files) + " files of " +
      in_megabytes(reader.bytes) + ", counted in " + with_decimals(seconds, 2) + " s (" +
      with_decimals(static_cast<double>(reader.bytes) / 1e6 / seconds, 0) + " MB/s)\n";
  if (unreadable > 0) {
    text += with_commas(unreadable) + " files or directories could not be read\n";
  }
  return text;
}

}  // namespace wordcount
