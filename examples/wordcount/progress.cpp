// SPDX-License-Identifier: Apache-2.0
#include "wordcount/progress.hpp"

#include "wordcount/text.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace wordcount {
namespace {

// By bytes, or by files where there are no bytes. The tree may have grown since it was surveyed.
double part_of(const Extent& done, const Extent& total) {
  const auto of = static_cast<double>(total.bytes > 0 ? total.bytes : total.files);
  const auto is = static_cast<double>(total.bytes > 0 ? done.bytes : done.files);
  return of > 0 ? std::min(is / of, 1.0) : 1.0;
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

// As wide at the beginning as at the end.
std::string figures(const Extent& done, const Extent& total) {
  const std::string files = with_commas(total.files);
  const std::string bytes = in_megabytes(total.bytes);
  return padded(with_commas(done.files), files.size()) + "/" + files + " files  " +
         padded(in_megabytes(done.bytes), bytes.size()) + "/" + bytes;
}

std::string speed(const Extent& done, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(done.bytes) / 1e6 / seconds : 0;
  return padded(with_decimals(rate, 0), 4) + " MB/s";
}

}  // namespace

std::string progress_bar(const Extent& done, const Extent& total, double seconds,
                         std::size_t columns) {
  const double part = part_of(done, total);
  const auto percent = std::to_string(static_cast<int>(part * 100));
  std::string line = padded(percent, 3) + "%";
  std::string left = "time left -:--";
  if (part > 0 && seconds > 0.2) {
    left = "time left " + minutes_and_seconds(seconds * (1 - part) / part);
  }
  for (const std::string& more : {figures(done, total), speed(done, seconds), left}) {
    if (line.size() + 2 + more.size() < columns) {
      line += "  " + more;
    }
  }
  constexpr std::size_t kLeast = 10;
  constexpr std::size_t kMost = 40;
  constexpr std::size_t kAround = 4;  // brackets, a space, and the last column, which stays free
  if (line.size() + kAround + kLeast <= columns) {
    const std::size_t width = std::min(columns - line.size() - kAround, kMost);
    const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
    std::string bar(full, '=');
    if (full < width) {
      bar += '>';
      bar.resize(width, ' ');
    }
    line = "[" + bar + "] " + line;
  }
  return line;
}

Progress::Progress(const Extent& total, int fd)
    : total_(total), fd_(fd), on_terminal_(::isatty(fd) == 1) {}

Progress::~Progress() {
  clear();
}

double Progress::seconds() const {
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - began_}.count();
}

void Progress::show(const Extent& done, double seconds) {
  if (on_terminal_) {
    winsize size{};
    const bool known = ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    write("\r\x1b[K" + progress_bar(done, total_, seconds, known ? size.ws_col : 80));
    drawn_ = true;
    return;
  }
  const int quarter = static_cast<int>(part_of(done, total_) * 4);
  if (quarter > quarter_ && quarter < 4) {
    quarter_ = quarter;
    write(padded(std::to_string(quarter * 25), 3) + "%  " + figures(done, total_) + "  " +
          speed(done, seconds) + "\n");
  }
}

void Progress::note(std::string_view line) {
  clear();
  write(std::string{line} + "\n");
}

void Progress::clear() {
  if (drawn_) {
    write("\r\x1b[K");
    drawn_ = false;
  }
}

void Progress::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return;  // nobody looks any more
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

}  // namespace wordcount
