// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/tcp_transport.hpp"

#include "troupe/transports/socket/socket_listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{.duplex = true, .many_peers = true, .other_hosts = true};

void set_number(int socket, int level, int option, int number) {
  ::setsockopt(socket, level, option, &number, sizeof number);
}

void set_flag(int socket, int level, int option) {
  set_number(socket, level, option, 1);
}

// The kernel asks a silent peer's kernel, so a host that is gone and a cut link end a wait. Not
// TCP_USER_TIMEOUT, which ends a connection to a peer that is slow, too.
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

std::string text_of(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
    return "tcp://" + std::string{host.data()} + ":" + std::to_string(ntohs(v4.sin_port));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size());
  return "tcp://[" + std::string{host.data()} + "]:" + std::to_string(ntohs(v6.sin6_port));
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
                 doing + ": it names no host; write tcp://host:port, as in tcp://127.0.0.1:7000"};
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

std::unique_ptr<FrameConnection> make(UniqueFd socket, const Address& peer,
                                      const ConnectOptions& options) {
  set_flag(socket.get(), IPPROTO_TCP, TCP_NODELAY);
  probe_silence(socket.get(), options.lost_after);
  return make_socket_connection(std::move(socket), SocketStream::Kind::network,
                                {peer, kCapabilities, options.framing, options.max_message});
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

Result<UniqueFd> listening_socket(const SocketAddress& where, const std::string& doing) {
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

}  // namespace

Capabilities TcpTransport::capabilities() const noexcept {
  return kCapabilities;
}

Result<std::unique_ptr<Dial>> TcpTransport::dial(const Address& address,
                                                 const ConnectOptions& options) {
  const std::string doing = "connect to " + address.text();
  if (address.port() == 0) {
    return Error{Code::invalid_argument, doing + ": it names no port"};
  }
  auto candidates = resolve(address, doing);
  if (!candidates) {
    return candidates.error();
  }
  auto welcome = [address, options](UniqueFd socket) {
    return make(std::move(socket), address, options);
  };
  return std::unique_ptr<Dial>{
      std::make_unique<SocketDial>(address, std::move(*candidates), std::move(welcome))};
}

Result<TcpListening> listen_at_tcp(const Address& address) {
  const std::string doing = "listen at " + address.text();
  auto candidates = resolve(address, doing);
  if (!candidates) {
    return candidates.error();
  }
  const SocketAddress& where = candidates->front();
  if (!is_loopback(where) && address.option("plaintext") != "accepted") {
    return Error{Code::refused,
                 doing +
                     ": other hosts could read and change what crosses in the clear; "
                     "listen at 127.0.0.1, or add ?plaintext=accepted"};
  }
  auto socket = listening_socket(where, doing);
  if (!socket) {
    return socket.error();
  }
  Address chosen{text_of(own_of(socket->get()))};
  return TcpListening{std::move(*socket), std::move(chosen)};
}

Result<std::unique_ptr<FrameListener>> TcpTransport::listen(const Address& address,
                                                            const ConnectOptions& options) {
  auto listening = listen_at_tcp(address);
  if (!listening) {
    return listening.error();
  }
  Address chosen{listening->address.text() + std::string{address.path()}};
  auto welcome = [options](UniqueFd peer) {
    const Address from{text_of(peer_of(peer.get()))};
    return make(std::move(peer), from, options);
  };
  return std::unique_ptr<FrameListener>{std::make_unique<SocketListener>(
      std::move(listening->socket), std::move(chosen), std::move(welcome))};
}

Result<ConnectionPair> TcpTransport::pair(const Address& address, Direction /*direction*/,
                                          const ConnectOptions& options) {
  const std::string doing = "make a pair of TCP sockets";
  const Address local{address.host() == "::1" ? "tcp://[::1]:0" : "tcp://127.0.0.1:0"};
  auto where = resolve(local, doing);
  if (!where) {
    return where.error();
  }
  auto listener = listening_socket(where->front(), doing);
  if (!listener) {
    return listener.error();
  }
  const SocketAddress target = own_of(listener->get());
  UniqueFd first{::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  // Over the loopback it is connected at once, whatever signal comes.
  if (!first || (::connect(first.get(), target.get(), target.size) != 0 && errno != EINTR)) {
    return Error::system(doing, errno);
  }
  // Another program may have connected meanwhile: take the one whose port is ours.
  const std::string own = text_of(own_of(first.get()));
  for (;;) {
    UniqueFd second{::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!second && (errno == EINTR || errno == EAGAIN)) {
      pollfd item{listener->get(), POLLIN, 0};
      ::poll(&item, 1, -1);  // on its way: our own connect has succeeded
      continue;
    }
    if (!second) {
      return Error::system(doing, errno);
    }
    if (text_of(peer_of(second.get())) == own) {
      const Address first_peer{text_of(target)};
      return ConnectionPair{make(std::move(first), first_peer, options),
                            make(std::move(second), Address{own}, options)};
    }
  }
}

Result<std::unique_ptr<FrameConnection>> TcpTransport::adopt(Handover handover) {
  return adopt_socket(std::move(handover), SocketStream::Kind::network, kCapabilities);
}

}  // namespace troupe::transports
