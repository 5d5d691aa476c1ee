// SPDX-License-Identifier: Apache-2.0
#include "tools/peer.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

// A Unix socket knows what its peer has not read yet; TCP only what has not arrived there.
bool all_is_read(int socket) {
  int family = 0;
  socklen_t size = sizeof family;
  int unread = 0;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX &&
         ::ioctl(socket, SIOCOUTQ, &unread) == 0 && unread == 0;
}

}  // namespace

Peer::Peer(Runtime& runtime, Connection& connection)
    : runtime_(runtime), connection_(connection), talks_(connection.capabilities().duplex) {}

Result<void> Peer::hear_until_readable(int fd) {
  for (;;) {
    std::vector<Waitable> things{Waitable{fd}};
    if (talks_) things.emplace_back(connection_);
    const auto ready = wait_any(runtime_, things);
    if (!ready) return ready.error();
    if (ready->back() == 1) {
      if (auto heard = hear(); !heard) return heard;
    }
    if (ready->front() == 0) return {};
  }
}

Error Peer::why(const Error& error) {
  if (!talks_ || error == Code::cancelled || error == Code::timed_out) return error;
  const auto heard = hear();
  return !heard && heard.error() == Code::refused ? heard.error() : error;
}

Result<void> Peer::see_off(Deadline patience) {
  if (auto flushed = connection_.flush(patience); !flushed) return flushed;
  if (!talks_) return {};
  // Of pipes one end is both ways' only here: nothing but the end of this program says the end.
  const int socket = connection_.fileno();
  const bool is_socket = ::shutdown(socket, SHUT_WR) == 0;
  const Deadline until = is_socket ? 1s : 100ms;
  while (talks_ && !until.passed()) {
    const bool read = is_socket && all_is_read(socket);
    const auto ready = wait_any(runtime_, {connection_}, read ? Deadline{0s} : Deadline{5ms});
    if (ready) {
      if (auto heard = hear(); !heard) return heard;
    } else if (ready.error() != Code::timed_out) {
      return ready.error();
    } else if (read) {
      return {};
    }
  }
  return {};
}

Result<void> Peer::hear() {
  const auto heard = connection_.receive_bytes(Deadline::at_once());
  if (heard || heard.error() == Code::timed_out) return {};
  talks_ = false;
  return heard.error() == Code::closed ? Result<void>{} : heard.error();
}

}  // namespace troupe::tools
