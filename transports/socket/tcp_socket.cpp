// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/tcp_socket.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace troupe::transports {
namespace {

void set_number(int socket, int level, int option, int number) {
  ::setsockopt(socket, level, option, &number, sizeof number);
}

void set_flag(int socket, int level, int option) {
  set_number(socket, level, option, 1);
}

// The kernel asks a silent peer's kernel, so a host that is gone and a cut link end a wait; while
// something is under way, SilenceWatch does.
void probe_silence(int socket, Duration lost_after) {
  constexpr int kProbes = 2;
  const auto given = std::chrono::floor<std::chrono::seconds>(lost_after).count();
  const int seconds = static_cast<int>(std::clamp<decltype(given)>(given, 2, 30'000));
  const int interval = std::max(1, seconds / 4);
  set_number(socket, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, seconds - kProbes * interval));
  set_number(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  set_number(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set_flag(socket, SOL_SOCKET, SO_KEEPALIVE);
}

}  // namespace

void prepare_tcp(int socket, Duration lost_after) {
  set_flag(socket, IPPROTO_TCP, TCP_NODELAY);
  probe_silence(socket, lost_after);
}

std::string text_of(std::string_view scheme, const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
    return std::string{scheme} + "://" + std::string{host.data()} + ":" +
           std::to_string(ntohs(v4.sin_port));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size());
  return std::string{scheme} + "://[" + std::string{host.data()} +
         "]:" + std::to_string(ntohs(v6.sin6_port));
}

bool is_loopback(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == IN_LOOPBACKNET;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

Result<std::vector<SocketAddress>> resolve(const Address& address, const std::string& doing) {
  if (address.host().empty()) {
    return Error{Code::invalid_argument,
                 doing + ": it names no host; write " + std::string{address.scheme()} +
                     "://host:port, as in " + std::string{address.scheme()} + "://127.0.0.1:7000"};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string host{address.host()};
  const int error =
      ::getaddrinfo(host.c_str(), std::to_string(address.port()).c_str(), &hints, &found);
  if (error != 0) {
    return error == EAI_SYSTEM ? Error::system(doing, errno)
                               : Error{Code::not_found, doing + ": the host \"" + host +
                                                            "\": " + ::gai_strerror(error)};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress next;
    std::memcpy(&next.storage, each->ai_addr, each->ai_addrlen);
    next.size = each->ai_addrlen;
    addresses.push_back(next);
  }
  ::freeaddrinfo(found);
  return addresses;
}

SocketAddress peer_of(int socket) {
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  ::getpeername(socket, peer.get(), &peer.size);
  return peer;
}

SocketAddress own_of(int socket) {
  SocketAddress own;
  own.size = sizeof own.storage;
  ::getsockname(socket, own.get(), &own.size);
  return own;
}

Result<UniqueFd> listen_at(const SocketAddress& where, const std::string& doing) {
  UniqueFd socket{::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) {
    return Error::system(doing, errno);
  }
  set_flag(socket.get(), SOL_SOCKET, SO_REUSEADDR);
  if (::bind(socket.get(), where.get(), where.size) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    switch (errno) {
      case EADDRINUSE:
        return Error{Code::exists, doing +
                                       ": the address is in use; another program listens there, or "
                                       "choose port 0 for a free one"};
      case EACCES:
        return Error{Code::refused,
                     doing + ": permission denied; ports below 1024 are the system's"};
      case EADDRNOTAVAIL:
        return Error{Code::invalid_argument, doing + ": this host has no such address"};
      default:
        return Error::system(doing, errno);
    }
  }
  return socket;
}

}  // namespace troupe::transports
