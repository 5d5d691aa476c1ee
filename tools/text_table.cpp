// SPDX-License-Identifier: Apache-2.0
#include "tools/text_table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace troupe::tools {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // to which a name is cut
constexpr std::string_view kEllipsis = "…";

// Bytes of the character that `text` begins with; 0: it begins with none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80                     ? 1
                           : first >= 0xc2 && first <= 0xdf ? 2
                           : first >= 0xe0 && first <= 0xef ? 3
                           : first >= 0xf0 && first <= 0xf4 ? 4
                                                            : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  return size;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char each) { return (static_cast<unsigned char>(each) & 0xc0U) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t i = 0; i + 1 < width; ++i) {
    end += std::max<std::size_t>(character(text.substr(end)), 1);
  }
  return std::string{text.substr(0, end)} + std::string{kEllipsis};
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = character(text);
    if (size == 0 || is_control(text.substr(0, size))) {
      shown += '?';
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::add(std::vector<std::string> row) {
  row.resize(columns_.size());
  for (std::string& text : row) {
    text = printable(text);
  }
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> TextTable::widths(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width_of(columns_[i].title);
    for (const auto& row : rows_) {
      widest = std::max(widest, width_of(row[i]));
    }
    widths.push_back(widest);
  }
  std::size_t sum = std::accumulate(widths.begin(), widths.end(), kGap * (columns_.size() - 1));
  // From the widest name one place at a time, so that they share what there is.
  while (sum > width) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].align == Align::name && widths[i] > kNarrowest &&
          (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) break;
    --*widest;
    --sum;
  }
  return widths;
}

std::string TextTable::line(const std::vector<std::string>& row,
                            const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string part = cut(row[i], widths[i]);
    const std::string space(widths[i] - width_of(part), ' ');
    text += columns_[i].align == Align::right ? space + part : part + space;
    text += std::string(i + 1 < columns_.size() ? kGap : 0, ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<std::string> TextTable::lines(std::size_t width) const {
  const auto its_widths = widths(width);
  std::vector<std::string> titles;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
  }
  std::vector<std::string> lines{cut(line(titles, its_widths), width)};
  for (const auto& row : rows_) {
    lines.push_back(cut(line(row, its_widths), width));
  }
  return lines;
}

}  // namespace troupe::tools
