// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/log.hpp"

#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF is POSIX
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX
#include <time.h>    // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>

namespace troupe {
namespace {

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 40> text{};
  const std::size_t size = ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%06ldZ", time.tv_nsec / 1000);
  return text.data();
}

void append_visibly(std::string& line, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (value >= 0x20 && value != 0x7f) {
      line += byte;
    } else if (byte == '\n') {
      line += "\\n";
    } else if (byte == '\t') {
      line += "\\t";
    } else {
      line += "\\x";
      line += kDigits[value >> 4U];
      line += kDigits[value & 15U];
    }
  }
}

// Not in the middle of a UTF-8 character.
void cut(std::string& line) {
  constexpr std::string_view kMark = " ... (cut)";
  constexpr std::size_t kMost = PIPE_BUF - 1;
  if (line.size() <= kMost) return;
  std::size_t end = kMost - kMark.size();
  while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80)
    --end;
  line.resize(end);
  line += kMark;
}

// SIGPIPE, blocked for this thread, and taken back if a write has raised it.
class WithoutSigpipe final {
 public:
  WithoutSigpipe() {
    ::sigemptyset(&only_);
    ::sigaddset(&only_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void take_back() const {
    constexpr timespec kNow{};
    while (!was_pending_ && ::sigtimedwait(&only_, nullptr, &kNow) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t only_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

void write_line(int fd, std::string_view line) {
  const WithoutSigpipe guard;
  while (!line.empty()) {
    const ssize_t count = ::write(fd, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) guard.take_back();
    if (count <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(count));  // a terminal, or a full disk
  }
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::none:
      break;
  }
  return "none";
}

std::string LogRecord::message() const {
  std::string whole{who};
  if (!who.empty()) whole += ": ";
  return whole.append(text);
}

LogSink Log::to_fd(int fd) {
  return [fd](const LogRecord& record) {
    const int error = errno;
    std::string line = now();
    line.append(" ").append(name_of(record.level)).append(" ");
    append_visibly(line, record.process);
    line += "[" + std::to_string(::getpid()) + "] ";
    append_visibly(line, record.message());
    cut(line);
    line += '\n';
    write_line(fd, line);
    errno = error;
  };
}

LogSink Log::to_stderr() {
  return to_fd(STDERR_FILENO);
}

}  // namespace troupe
