// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/unix_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/socket/socket_listener.hpp"
#include "troupe/transports/socket/unix_socket.hpp"

#include <array>
#include <cerrno>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

StreamConnection::Setup setup_for(const Address& peer, const ConnectOptions& options) {
  return {peer, kCapabilities, options.framing, options.max_message};
}

Result<std::string> place_of(const Address& address, const char* doing) {
  std::string place{address.path()};
  if (!address.host().empty() || address.port() != 0) {
    return Error{Code::invalid_argument, std::string{doing} + " " + address.text() +
                                             ": a unix address has no host; write unix:/path"};
  }
  return place;
}

}  // namespace

Capabilities UnixTransport::capabilities() const noexcept {
  return kCapabilities;
}

Result<std::unique_ptr<Dial>> UnixTransport::dial(const Address& address,
                                                  const ConnectOptions& options) {
  auto place = place_of(address, "connect to");
  if (!place) {
    return place.error();
  }
  if (place->empty()) {
    return Error{Code::invalid_argument, "connect to " + address.text() + ": it names no socket"};
  }
  auto target = unix_address(*place, "connect to " + address.text());
  if (!target) {
    return target.error();
  }
  // Anybody may take a name in the abstract namespace, or in a folder that all may write.
  const bool anybody = address.option("peers") == "any";
  auto welcome = [setup = setup_for(address, options),
                  anybody](UniqueFd socket) -> Result<std::unique_ptr<FrameConnection>> {
    if (!anybody && !is_same_user(socket.get())) {
      return std::unique_ptr<FrameConnection>{};
    }
    return make_socket_connection(std::move(socket), SocketStream::Kind::local, setup);
  };
  return std::unique_ptr<Dial>{
      std::make_unique<SocketDial>(address, std::vector{*target}, std::move(welcome))};
}

Result<std::unique_ptr<FrameListener>> UnixTransport::listen(const Address& address,
                                                             const ConnectOptions& options) {
  auto place = place_of(address, "listen at");
  if (!place) {
    return place.error();
  }
  if (place->empty()) {
    auto directory = private_directory();
    if (!directory) {
      return directory.error();
    }
    *place = *directory + "/" + Random::system().name(12) + ".sock";
  }
  auto listening = listen_at_place(*place, "listen at unix:" + *place);
  if (!listening) {
    return listening.error();
  }
  const bool anybody = address.option("peers") == "any";
  Address chosen = address.path().empty() ? Address{"unix:" + *place} : address;
  auto welcome = [setup = setup_for(chosen, options),
                  anybody](UniqueFd peer) -> Result<std::unique_ptr<FrameConnection>> {
    if (!anybody && !is_same_user(peer.get())) {
      return std::unique_ptr<FrameConnection>{};
    }
    return make_socket_connection(std::move(peer), SocketStream::Kind::local, setup);
  };
  return std::unique_ptr<FrameListener>{
      std::make_unique<SocketListener>(std::move(listening->socket), std::move(chosen),
                                       std::move(welcome), std::move(listening->release))};
}

Result<ConnectionPair> UnixTransport::pair(const Address& address, Direction /*direction*/,
                                           const ConnectOptions& options) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::system("make a pair of sockets", errno);
  }
  const Address peer = address.empty() ? Address{"unix:"} : address;
  return ConnectionPair{make_socket_connection(UniqueFd{ends[0]}, SocketStream::Kind::local,
                                               setup_for(peer, options)),
                        make_socket_connection(UniqueFd{ends[1]}, SocketStream::Kind::local,
                                               setup_for(peer, options))};
}

Result<std::unique_ptr<FrameConnection>> UnixTransport::adopt(Handover handover) {
  return adopt_socket(std::move(handover), SocketStream::Kind::local, kCapabilities);
}

}  // namespace troupe::transports
