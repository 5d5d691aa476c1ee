// SPDX-License-Identifier: Apache-2.0
#include "tools/output.hpp"

#include "troupe/runtime/fiber/park.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace troupe::tools {
namespace {

constexpr std::size_t kFlushAt = std::size_t{64} << 10;

bool is_pipe(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

Error nobody_reads() {
  return Error{Code::disconnected, "write to standard output: whoever read it has closed it"};
}

}  // namespace

Output::Output(Runtime& runtime) : runtime_(runtime), is_pipe_(is_pipe(STDOUT_FILENO)) {}

Result<void> Output::add(std::span<const std::byte> bytes) {
  gathered_ += text_of(bytes);
  return gathered_.size() >= kFlushAt ? flush() : Result<void>{};
}

Result<void> Output::flush() {
  std::string_view rest = gathered_;
  while (!rest.empty()) {
    // A pipe that can be written has room for PIPE_BUF bytes; more would block, deaf to Ctrl-C.
    if (auto writable = park(runtime_, {STDOUT_FILENO, POLLOUT}, forever); !writable) {
      return writable;
    }
    const auto piece = is_pipe_ ? rest.substr(0, PIPE_BUF) : rest;
    const ssize_t written = ::write(STDOUT_FILENO, piece.data(), piece.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return nobody_reads();
    } else if (errno != EINTR && errno != EAGAIN) {
      return Error::system("write to standard output", errno);
    }
  }
  gathered_.clear();
  return {};
}

std::optional<Waitable> Output::gone() const {
  return is_pipe_ ? std::optional<Waitable>{STDOUT_FILENO} : std::nullopt;
}

Result<void> Output::check() const {
  pollfd item{STDOUT_FILENO, 0, 0};
  const bool gone = is_pipe_ && ::poll(&item, 1, 0) > 0 && (item.revents & POLLERR) != 0;
  return gone ? nobody_reads() : Result<void>{};
}

}  // namespace troupe::tools
