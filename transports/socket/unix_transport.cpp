// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/unix_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/socket/socket_listener.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

StreamConnection::Setup setup_for(const Address& peer, const ConnectOptions& options) {
  return {peer, kCapabilities, options.framing, options.max_message};
}

// `place` is a path, or @name for the abstract namespace.
Result<SocketAddress> socket_address(const std::string& place) {
  SocketAddress address;
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (place.size() >= sizeof local.sun_path) {
    return Error{Code::invalid_argument,
                 "unix:" + place + ": the path is longer than the " +
                     std::to_string(sizeof local.sun_path - 1) +
                     " bytes that a socket address holds; "
                     "choose a shorter one, or an abstract name: unix:@name"};
  }
  std::memcpy(local.sun_path, place.data(), place.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
  if (place.starts_with('@')) {
    local.sun_path[0] = '\0';
  } else {
    ++address.size;  // the path's final zero
  }
  std::memcpy(&address.storage, &local, sizeof local);
  return address;
}

bool same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == ::geteuid() || peer.uid == 0);
}

UniqueFd new_socket() {
  return UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

// A socket file that a killed listener left behind belongs to no socket: it may be replaced. Asked
// with a socket of another type, which a living listener never sees (EPROTOTYPE), also between its
// bind and its listen.
bool is_stale(const SocketAddress& address) {
  const UniqueFd probe{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

// Waits its turn to replace stale files in a directory; empty when it cannot be locked.
UniqueFd lock_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  UniqueFd lock{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (lock) {
    ::flock(lock.get(), LOCK_EX);
  }
  return lock;
}

// Binds at a path, replacing a stale socket there. Whoever does so holds a lock on the directory,
// so that two listeners cannot both find the same file stale.
Result<void> bind_path(int socket, const SocketAddress& address, const std::string& path) {
  const std::string doing = "listen at unix:" + path;
  if (::bind(socket, address.get(), address.size) == 0) {
    return {};
  }
  if (errno == EADDRINUSE) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
      return Error{Code::exists, doing + ": there is a file of that name that is no socket"};
    }
    const UniqueFd lock = is_stale(address) ? lock_directory_of(path) : UniqueFd{};
    if (!is_stale(address)) {
      return Error{Code::exists, doing + ": the address is in use; another program listens there"};
    }
    ::unlink(path.c_str());
    if (::bind(socket, address.get(), address.size) == 0) {
      return {};
    }
    if (errno == EADDRINUSE) {
      return Error{Code::exists, doing + ": the address is in use; another program was faster"};
    }
  }
  if (errno == EACCES || errno == EPERM || errno == EROFS) {
    return Error{Code::refused, doing + ": permission denied: " + errno_text(errno)};
  }
  if (errno == ENOENT) {
    return Error{Code::not_found, doing + ": the directory does not exist"};
  }
  return Error::system(doing, errno);
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
  auto target = socket_address(*place);
  if (!target) {
    return target.error();
  }
  // Anybody may take a name in the abstract namespace, or in a folder that all may write.
  const bool anybody = address.option("peers") == "any";
  auto welcome = [setup = setup_for(address, options),
                  anybody](UniqueFd socket) -> std::unique_ptr<FrameConnection> {
    if (!anybody && !same_user(socket.get())) {
      return nullptr;
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
  auto own = socket_address(*place);
  if (!own) {
    return own.error();
  }
  UniqueFd socket = new_socket();
  if (!socket) {
    return Error::system("listen at " + address.text(), errno);
  }
  const bool abstract = place->starts_with('@');
  if (abstract) {
    if (::bind(socket.get(), own->get(), own->size) != 0) {
      return errno == EADDRINUSE
                 ? Error{Code::exists, "listen at " + address.text() + ": the address is in use"}
                 : Error::system("listen at " + address.text(), errno);
    }
  } else if (auto bound = bind_path(socket.get(), *own, *place); !bound) {
    return bound.error();
  }
  if (::listen(socket.get(), SOMAXCONN) != 0) {
    return Error::system("listen at " + address.text(), errno);
  }
  const bool anybody = address.option("peers") == "any";
  Address chosen = address.path().empty() ? Address{"unix:" + *place} : address;
  auto welcome = [setup = setup_for(chosen, options),
                  anybody](UniqueFd peer) -> std::unique_ptr<FrameConnection> {
    if (!anybody && !same_user(peer.get())) {
      return nullptr;
    }
    return make_socket_connection(std::move(peer), SocketStream::Kind::local, setup);
  };
  std::function<void()> release;
  if (!abstract) {
    release = [path = *place, owner = ::getpid()] {
      if (::getpid() == owner) {  // a forked copy must not take the name away
        ::unlink(path.c_str());
      }
    };
  }
  return std::unique_ptr<FrameListener>{std::make_unique<SocketListener>(
      std::move(socket), std::move(chosen), std::move(welcome), std::move(release))};
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
