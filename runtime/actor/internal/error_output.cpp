// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/error_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace troupe::actor {
namespace {

void write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written < 0 && errno != EINTR) {
      return;  // there is nowhere to pass it on to
    }
    if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
}

}  // namespace

ErrorOutput::ErrorOutput(UniqueFd reader) : reader_(std::move(reader)) {
  if (reader_) {
    // Of an open file that nobody else has.
    (void)::fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
  }
}

bool ErrorOutput::pass_on() {
  if (!reader_) {
    return false;
  }
  const std::lock_guard lock{mutex_};
  std::array<char, 4096> bytes;
  for (;;) {
    const ssize_t size = ::read(reader_.get(), bytes.data(), bytes.size());
    if (size == 0) {
      return false;
    }
    if (size < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno == EAGAIN;
    }
    const auto count = static_cast<std::size_t>(size);
    write_all(STDERR_FILENO, bytes.data(), count);
    kept_.append(bytes.data(), count);
    if (kept_.size() > 2 * kKept) {
      kept_.erase(0, kept_.size() - kKept);
    }
  }
}

std::string ErrorOutput::last_lines() const {
  const std::lock_guard lock{mutex_};
  std::string lines = kept_;
  if (lines.size() > kKept) {
    lines.erase(0, lines.size() - kKept);
    lines.erase(0, lines.find('\n') + 1);
  }
  while (!lines.empty() && lines.back() == '\n') {
    lines.pop_back();
  }
  return lines;
}

}  // namespace troupe::actor
