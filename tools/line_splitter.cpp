// SPDX-License-Identifier: Apache-2.0
#include "tools/line_splitter.hpp"

#include <utility>

namespace troupe::tools {

void LineSplitter::add(std::string_view piece) {
  text_.erase(0, begin_);
  scanned_ -= std::exchange(begin_, 0);
  text_ += piece;
}

std::optional<std::string_view> LineSplitter::next() {
  const std::size_t end = text_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = text_.size();
    return std::nullopt;
  }
  const auto line = std::string_view{text_}.substr(begin_, end - begin_);
  begin_ = scanned_ = end + 1;
  return line;
}

std::optional<std::string_view> LineSplitter::last() const {
  return waiting() > 0 ? std::optional{std::string_view{text_}.substr(begin_)} : std::nullopt;
}

}  // namespace troupe::tools
