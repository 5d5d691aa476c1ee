// SPDX-License-Identifier: Apache-2.0
#pragma once

// TextTable: rows under titles, for a terminal. What others named is shown without what a terminal
// would obey.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

// How many places of a line it takes.
std::size_t width_of(std::string_view text);
// At most so wide; an ellipsis stands for the rest.
std::string cut(std::string_view text, std::size_t width);
// Without control characters, and with a question mark for what is no UTF-8.
std::string printable(std::string_view text);

enum class Align : std::uint8_t {
  left,
  right,
  name,  // left; cut where lines would be too long
};

struct Column {
  std::string title;
  Align align = Align::left;
};

class TextTable final {
 public:
  explicit TextTable(std::vector<Column> columns);

  // Of each column a text; made printable.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }

  // The titles, then the rows; no line is wider than `width`.
  std::vector<std::string> lines(std::size_t width = kAnyWidth) const;

 private:
  std::vector<std::size_t> widths(std::size_t width) const;
  std::string line(const std::vector<std::string>& row,
                   const std::vector<std::size_t>& widths) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace troupe::tools
