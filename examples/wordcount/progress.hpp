// SPDX-License-Identifier: Apache-2.0
#pragma once

// Progress: how far the count is, on stderr: a bar on a terminal, drawn anew in place; elsewhere a
// line at each quarter.

#include "wordcount/tree.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace wordcount {

// The bar, `columns` wide: files, bytes, bytes a second, time left. What does not fit is left out.
std::string progress_bar(const Extent& done, const Extent& total, double seconds,
                         std::size_t columns);

class Progress final {
 public:
  Progress(const Extent& total, int fd);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // removes the bar

  // So much is done.
  void show(const Extent& done) { show(done, seconds()); }
  void show(const Extent& done, double seconds);
  // Since the beginning.
  double seconds() const;
  // A line of its own; the bar stays below.
  void note(std::string_view line);
  // Removes the bar.
  void clear();

 private:
  void write(std::string_view text) const;

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const Extent total_;
  const int fd_;
  const bool on_terminal_;
  bool drawn_ = false;
  int quarter_ = 0;  // that was told last
};

}  // namespace wordcount
