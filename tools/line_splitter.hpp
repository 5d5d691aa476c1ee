// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineSplitter: text that comes in pieces, line by line.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::tools {

class LineSplitter final {
 public:
  void add(std::string_view piece);

  // The next whole line, without its end; valid until the next add. Nothing: there is none yet.
  std::optional<std::string_view> next();
  // At the end of the text: what is left, when that is not nothing.
  std::optional<std::string_view> last() const;

  std::size_t waiting() const {
    return text_.size() - begin_;
  }  // bytes that no line was made of yet

 private:
  std::string text_;
  std::size_t begin_ = 0;    // of the next line
  std::size_t scanned_ = 0;  // no line end before this
};

}  // namespace troupe::tools
