// SPDX-License-Identifier: Apache-2.0
#include "harness/raw_fd.hpp"

#include "troupe/base/check.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace troupe::harness {
namespace {

void wait_for(int fd, short events) {
  pollfd item{fd, events, 0};
  while (::poll(&item, 1, -1) < 0) {
    TROUPE_CHECK(errno == EINTR);
  }
}

}  // namespace

void write_raw(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EAGAIN) {
      wait_for(fd, POLLOUT);
      continue;
    }
    TROUPE_CHECK(count > 0 || errno == EINTR);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
}

Bytes read_raw(int fd, std::size_t count) {
  Bytes bytes(count);
  std::size_t size = 0;
  while (size < count) {
    const ssize_t got = ::read(fd, bytes.data() + size, count - size);
    if (got < 0 && errno == EAGAIN) {
      wait_for(fd, POLLIN);
      continue;
    }
    TROUPE_CHECK(got > 0 || (got < 0 && errno == EINTR));
    size += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return bytes;
}

Bytes read_to_end(int fd) {
  Bytes bytes;
  std::array<std::byte, 65536> chunk{};
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EAGAIN) {
      wait_for(fd, POLLIN);
      continue;
    }
    TROUPE_CHECK(got >= 0 || errno == EINTR);
    if (got == 0) {
      return bytes;
    }
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + (got > 0 ? got : 0));
  }
}

void wait_readable(int fd) {
  wait_for(fd, POLLIN);
}

bool is_readable(int fd) {
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, 0) > 0;
}

std::pair<UniqueFd, UniqueFd> raw_pipe() {
  std::array<int, 2> ends{-1, -1};
  TROUPE_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

std::pair<UniqueFd, UniqueFd> raw_socket_pair() {
  std::array<int, 2> ends{-1, -1};
  TROUPE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t at = hex.find_first_not_of(" \n"); at != std::string_view::npos;
       at = hex.find_first_not_of(" \n", at + 2)) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + at, hex.data() + at + 2, value, 16);
    TROUPE_CHECK(error == std::errc{} && end == hex.data() + at + 2);
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    hex += hex.empty() ? "" : " ";
    hex += kDigits[value >> 4U];
    hex += kDigits[value & 15U];
  }
  return hex;
}

Bytes pattern(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24U);
  }
  return bytes;
}

std::size_t open_fds() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count - 1;  // the one that lists them
}

std::size_t mapped_memfds() {
  std::size_t count = 0;
  std::ifstream mappings{"/proc/self/maps"};
  for (std::string line; std::getline(mappings, line);) {
    count += line.find("/memfd:") != std::string::npos ? 1 : 0;
  }
  return count;
}

}  // namespace troupe::harness
