// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/tcp_transport.hpp"

#include "troupe/transports/socket/socket_listener.hpp"
#include "troupe/transports/socket/tcp_socket.hpp"

#include <poll.h>

#include <cerrno>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{.duplex = true, .many_peers = true, .other_hosts = true};

std::unique_ptr<FrameConnection> make(UniqueFd socket, const Address& peer,
                                      const ConnectOptions& options) {
  prepare_tcp(socket.get(), options.lost_after);
  return make_socket_connection(std::move(socket), SocketStream::Kind::network,
                                {peer, kCapabilities, options.framing, options.max_message});
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
  auto socket = listen_at(where, doing);
  if (!socket) {
    return socket.error();
  }
  Address chosen{text_of("tcp", own_of(socket->get()))};
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
    const Address from{text_of("tcp", peer_of(peer.get()))};
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
  auto listener = listen_at(where->front(), doing);
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
  const std::string own = text_of("tcp", own_of(first.get()));
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
    if (text_of("tcp", peer_of(second.get())) == own) {
      const Address first_peer{text_of("tcp", target)};
      return ConnectionPair{make(std::move(first), first_peer, options),
                            make(std::move(second), Address{own}, options)};
    }
  }
}

Result<std::unique_ptr<FrameConnection>> TcpTransport::adopt(Handover handover) {
  return adopt_socket(std::move(handover), SocketStream::Kind::network, kCapabilities);
}

}  // namespace troupe::transports
