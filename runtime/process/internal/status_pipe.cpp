// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/status_pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigtimedwait is POSIX
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::process {
namespace {

struct Header {
  std::uint32_t kind = 0;
  std::int32_t code = 0;
  std::uint32_t length = 0;
};
constexpr std::size_t kMostText = PIPE_BUF - sizeof(Header);

}  // namespace

Result<StatusPipe> make_status_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error::system("make the status pipe of a process", errno);
  }
  return StatusPipe{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Result<void> arm_lifeline(const UniqueFd& writer) {
  // O_WRONLY is what the writing end of a pipe has besides.
  if (::fcntl(writer.get(), F_SETSIG, SIGKILL) != 0 ||
      ::fcntl(writer.get(), F_SETOWN, ::getpid()) != 0 ||
      ::fcntl(writer.get(), F_SETFL, O_WRONLY | O_ASYNC) != 0) {
    return Error::system("tie a process to its starter", errno);
  }
  pollfd readers{writer.get(), 0, 0};
  if (::poll(&readers, 1, 0) > 0) {
    return Error{Code::closed, "the starter is gone"};
  }
  return {};
}

void write_status(const UniqueFd& writer, const Exit& exit) noexcept {
  write_record(writer.get(), exit.kind, exit.code, exit.what);
}

void write_record(int writer, Exit::Kind kind, int code, std::string_view what) noexcept {
  const std::string_view text = what.substr(0, kMostText);
  const Header header{static_cast<std::uint32_t>(kind), code,
                      static_cast<std::uint32_t>(text.size())};
  std::array<char, PIPE_BUF> record;
  std::memcpy(record.data(), &header, sizeof(header));
  std::memcpy(record.data() + sizeof(header), text.data(), text.size());

  // A detached child may have outlived its starter: its write must not raise SIGPIPE.
  sigset_t pipe;
  sigset_t before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  if (::write(writer, record.data(), sizeof(header) + text.size()) < 0 && errno == EPIPE) {
    const timespec none{};
    ::sigtimedwait(&pipe, nullptr, &none);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::optional<Exit> read_status(int reader) {
  std::array<char, PIPE_BUF> record;
  // A process that the child has left behind may hold the writing end: never wait for it.
  pollfd ready{reader, POLLIN, 0};
  if (::poll(&ready, 1, 0) <= 0 || (ready.revents & POLLIN) == 0) {
    return std::nullopt;
  }
  const ssize_t size = ::read(reader, record.data(), record.size());
  std::string_view left{record.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  std::optional<Exit> exit;
  // The last one counts: one that crashed and went on all the same has said so before.
  while (left.size() >= sizeof(Header)) {
    Header header;
    std::memcpy(&header, left.data(), sizeof(header));
    left.remove_prefix(sizeof(header));
    if (header.kind > static_cast<std::uint32_t>(Exit::Kind::restarted) ||
        header.length > left.size()) {
      break;
    }
    exit.emplace();
    exit->kind = static_cast<Exit::Kind>(header.kind);
    exit->code = header.code;
    exit->what.assign(left.data(), header.length);
    left.remove_prefix(header.length);
  }
  return exit;
}

}  // namespace troupe::process
