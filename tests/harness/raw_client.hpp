// SPDX-License-Identifier: Apache-2.0
#pragma once

// RawClient: a socket to say anything at. A program that is let go in the middle of it is no
// failure of the client.

#include "troupe/base/check.hpp"
#include "troupe/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace troupe::harness {

class RawClient final {
 public:
  explicit RawClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    TROUPE_CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  // At 127.0.0.1.
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) return;
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_sending() const { ::shutdown(socket_.get(), SHUT_WR); }
  std::string read_to_end() const { return read(std::numeric_limits<std::size_t>::max()); }
  // Or more, or what there is until the end.
  std::string read(std::size_t bytes) const {
    std::string all;
    std::array<char, 4096> piece;
    for (;;) {
      if (all.size() >= bytes) return all;
      const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return all;
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  void connect(const sockaddr* address, socklen_t size) const {
    TROUPE_CHECK(::connect(socket_.get(), address, size) == 0);
  }

  UniqueFd socket_;
};

}  // namespace troupe::harness
