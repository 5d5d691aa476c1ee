// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/unix_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace troupe::transports {
namespace {

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
    while (::flock(lock.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  return lock;
}

// Binds at a path, replacing a stale socket there. Whoever does so holds a lock on the directory,
// so that two listeners cannot both find the same file stale.
Result<void> bind_path(int socket, const SocketAddress& address, const std::string& path,
                       const std::string& doing) {
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

// In a user namespace that does not know them all, the kernel shows every user unknown there as one
// number: who has it may be anybody.
bool means_one_user(uid_t user) {
  constexpr std::uint64_t kAll = 0xffffffff;
  std::uint64_t unknown = 65534;
  std::ifstream{"/proc/sys/kernel/overflowuid"} >> unknown;
  if (user != unknown) {
    return true;
  }
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  std::ifstream{"/proc/self/uid_map"} >> inside >> outside >> count;
  return inside == 0 && count == kAll;
}

}  // namespace

Result<SocketAddress> unix_address(const std::string& place, const std::string& doing) {
  SocketAddress address;
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (place.size() >= sizeof local.sun_path) {
    return Error{Code::invalid_argument,
                 doing + ": the path is longer than the " +
                     std::to_string(sizeof local.sun_path - 1) +
                     " bytes that a socket address holds; choose a shorter one, or an abstract "
                     "name: unix:@name"};
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

bool is_same_user(int socket) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || (peer.uid == ::geteuid() && means_one_user(peer.uid)));
}

Result<UnixListening> listen_at_place(const std::string& place, const std::string& doing) {
  auto own = unix_address(place, doing);
  if (!own) {
    return own.error();
  }
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) {
    return Error::system(doing, errno);
  }
  const bool abstract = place.starts_with('@');
  if (abstract) {
    if (::bind(socket.get(), own->get(), own->size) != 0) {
      return errno == EADDRINUSE ? Error{Code::exists, doing + ": the address is in use"}
                                 : Error::system(doing, errno);
    }
  } else if (auto bound = bind_path(socket.get(), *own, place, doing); !bound) {
    return bound.error();
  }
  if (::listen(socket.get(), SOMAXCONN) != 0) {
    return Error::system(doing, errno);
  }
  std::function<void()> release;
  if (!abstract) {
    release = [place, owner = ::getpid()] {
      if (::getpid() == owner) {  // a forked copy must not take the name away
        ::unlink(place.c_str());
      }
    };
  }
  return UnixListening{std::move(socket), std::move(release)};
}

bool remove_if_stale(const std::string& path) {
  const auto address = unix_address(path, "look at " + path);
  if (!address || !is_stale(*address)) {
    return false;
  }
  const UniqueFd lock = lock_directory_of(path);
  return lock && is_stale(*address) && ::unlink(path.c_str()) == 0;
}

}  // namespace troupe::transports
