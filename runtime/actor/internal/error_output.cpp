// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/error_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
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
  const std::unique_lock passing{passing_, std::try_to_lock};
  if (!passing) {
    return true;  // somebody is at it
  }
  std::array<char, 4096> bytes;  // a pipe that takes anything takes as much
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t size = ::read(reader_.get(), bytes.data(), bytes.size());
    if (size == 0) {
      return false;
    }
    if (size < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    const auto count = static_cast<std::size_t>(size);
    {
      const std::lock_guard lock{mutex_};
      kept_.append(bytes.data(), count);
      if (kept_.size() > 2 * kKept) {
        kept_.erase(0, kept_.size() - kKept);
      }
    }
    if (can_pass_on(std::chrono::milliseconds{100})) {
      write_all(STDERR_FILENO, bytes.data(), count);
    }
  }
  return true;
}

bool ErrorOutput::can_pass_on(Duration patience) {
  pollfd output{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&output, 1,
                static_cast<int>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(patience).count())) != 0;
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
