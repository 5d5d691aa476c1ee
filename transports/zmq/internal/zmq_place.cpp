// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_place.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/socket/tcp_socket.hpp"
#include "troupe/transports/socket/unix_socket.hpp"

#include <utility>

namespace troupe::transports {
namespace {

constexpr std::string_view kIpc = "ipc://";

bool is_ipc(const Address& address) {
  return address.scheme() == "zmq+ipc";
}

Result<std::string> path_of(const Address& address, const std::string& doing) {
  if (!address.host().empty() || address.port() != 0) {
    return Error{Code::invalid_argument, doing + ": it has no host; write zmq+ipc:/path"};
  }
  return std::string{address.path()};
}

}  // namespace

Result<ZmqPlace> ZmqPlace::of(const Address& address, bool encrypted, const std::string& doing) {
  if (!is_ipc(address)) {
    auto candidates = resolve(address, doing);
    if (!candidates) {
      return candidates.error();
    }
    const SocketAddress& where = candidates->front();
    if (!encrypted && !is_loopback(where) && address.option("plaintext") != "accepted") {
      return Error{Code::refused,
                   doing +
                       ": other hosts could read and change what crosses in the clear; "
                       "name a key (CurveOptions::secret_key, --curve-key; troupe keygen makes "
                       "one), listen at "
                       "127.0.0.1, or add ?plaintext=accepted"};
    }
    return ZmqPlace{text_of("tcp", where), where};
  }
  auto path = path_of(address, doing);
  if (!path) {
    return path.error();
  }
  if (path->empty()) {
    auto directory = private_directory();
    if (!directory) {
      return directory.error();
    }
    *path = *directory + "/" + Random::system().name(12) + ".sock";
  }
  return ZmqPlace{std::string{kIpc} + *path, *path};
}

Result<ZmqPlace::Listening> ZmqPlace::listen(const std::string& doing) const {
  if (const auto* path = std::get_if<std::string>(&where_)) {
    auto listening = listen_at_place(*path, doing);
    if (!listening) {
      return listening.error();
    }
    return Listening{std::move(listening->socket), endpoint_, std::move(listening->release)};
  }
  auto socket = listen_at(std::get<SocketAddress>(where_), doing);
  if (!socket) {
    return socket.error();
  }
  std::string endpoint = text_of("tcp", own_of(socket->get()));
  return Listening{std::move(*socket), std::move(endpoint)};
}

Result<std::vector<std::string>> zmq_endpoints(const Address& address, const std::string& doing) {
  if (is_ipc(address)) {
    auto path = path_of(address, doing);
    if (!path) {
      return path.error();
    }
    if (path->empty()) {
      return Error{Code::invalid_argument, doing + ": it names no socket"};
    }
    if (auto fits = unix_address(*path, doing); !fits) {
      return fits.error();
    }
    return std::vector{std::string{kIpc} + *path};
  }
  if (address.port() == 0) {
    return Error{Code::invalid_argument, doing + ": it names no port"};
  }
  auto candidates = resolve(address, doing);
  if (!candidates) {
    return candidates.error();
  }
  std::vector<std::string> endpoints;
  for (const SocketAddress& candidate : *candidates) {
    endpoints.push_back(text_of("tcp", candidate));
  }
  return endpoints;
}

Address zmq_address(const Address& asked, const std::string& endpoint) {
  if (!is_ipc(asked)) {
    return Address{"zmq+" + endpoint + std::string{asked.path()}};
  }
  return asked.path().empty() ? Address{"zmq+ipc:" + endpoint.substr(kIpc.size())} : asked;
}

}  // namespace troupe::transports
