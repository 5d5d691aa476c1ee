// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/socket_listener.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

namespace troupe::transports {

Result<UniqueFd> accept_from(int listener, const Address& address) {
  for (;;) {
    UniqueFd peer{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
    if (peer) {
      return peer;
    }
    switch (errno) {
      case EAGAIN:
        return UniqueFd{};
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
      case ENETDOWN:
      case EHOSTUNREACH:
      case ENETUNREACH:
      case EPERM:
        continue;  // that peer is gone; the next may be fine
      default:
        return Error::system("accept at " + address.text(), errno);
    }
  }
}

SocketListener::SocketListener(UniqueFd socket, Address address, Welcome welcome,
                               std::function<void()> release)
    : socket_(std::move(socket)),
      address_(std::move(address)),
      welcome_(std::move(welcome)),
      release_(std::move(release)) {}

SocketListener::~SocketListener() {
  if (release_) {
    release_();
  }
}

Result<std::unique_ptr<FrameConnection>> SocketListener::try_accept() {
  for (;;) {
    auto peer = accept_from(socket_.get(), address_);
    if (!peer) {
      return peer.error();
    }
    if (!*peer) {
      return std::unique_ptr<FrameConnection>{};
    }
    auto connection = welcome_(std::move(*peer));
    if (!connection || *connection != nullptr) {
      return connection;
    }
  }
}

Readiness SocketListener::readable() const noexcept {
  return {socket_.get(), POLLIN};
}

SocketAttempts::SocketAttempts(const Address& address, std::vector<SocketAddress> candidates)
    : doing_("connect to " + address.text()), candidates_(std::move(candidates)) {}

Result<UniqueFd> SocketAttempts::step() {
  if (!socket_) {
    return attempt();
  }
  pollfd item{socket_.get(), POLLOUT, 0};
  if (::poll(&item, 1, 0) <= 0) {
    return UniqueFd{};
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    return attempt();
  }
  socket_.reset();
  ++next_;
  return next_ < candidates_.size() ? attempt() : no_answer(error);
}

// Begins attempts until one is under way or connected; the socket under way is known to be
// connected when it is still set on entry.
Result<UniqueFd> SocketAttempts::attempt() {
  while (!socket_) {
    const SocketAddress& candidate = candidates_.at(next_);
    UniqueFd socket{
        ::socket(candidate.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) {
      return Error::system(doing_, errno);
    }
    if (::connect(socket.get(), candidate.get(), candidate.size) == 0) {
      socket_ = std::move(socket);
      break;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
      socket_ = std::move(socket);
      return UniqueFd{};
    }
    if (errno == EAGAIN) {  // a Unix listener whose queue is full: try again after retry()
      return UniqueFd{};
    }
    const int error = errno;
    if (++next_ == candidates_.size()) {
      return no_answer(error);
    }
  }
  // From here on the socket may be shared with a child: it blocks, and each call says that it will
  // not.
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) & ~O_NONBLOCK);
  return std::move(socket_);
}

Readiness SocketAttempts::readiness() const noexcept {
  return socket_ ? Readiness{socket_.get(), POLLOUT} : Readiness{};
}

Error SocketAttempts::no_answer(int os_errno) const {
  switch (os_errno) {
    case ENOENT:
    case ECONNREFUSED:
      return Error{Code::not_found,
                   doing_ + ": nobody is listening there; start the listener first"};
    case EACCES:
    case EPERM:
      return Error{Code::refused, doing_ + ": permission denied"};
    case ETIMEDOUT:
      return Error{Code::timed_out, doing_ + ": the host does not answer"};
    default:
      return Error::system(doing_, os_errno);
  }
}

SocketDial::SocketDial(Address address, std::vector<SocketAddress> candidates, Welcome welcome)
    : address_(std::move(address)),
      welcome_(std::move(welcome)),
      attempts_(address_, std::move(candidates)) {}

Result<std::unique_ptr<FrameConnection>> SocketDial::step() {
  auto socket = attempts_.step();
  if (!socket) {
    return socket.error();
  }
  if (!*socket) {
    return std::unique_ptr<FrameConnection>{};
  }
  auto connection = welcome_(std::move(*socket));
  if (connection && *connection == nullptr) {
    return listener_of_another_user(address_);
  }
  return connection;
}

Error listener_of_another_user(const Address& address) {
  return {Code::refused, "connect to " + address.text() +
                             ": the listener belongs to another user; add ?peers=any if it may"};
}

std::unique_ptr<FrameConnection> make_socket_connection(UniqueFd socket, SocketStream::Kind kind,
                                                        StreamConnection::Setup setup) {
  return std::make_unique<StreamConnection>(std::make_unique<SocketStream>(std::move(socket), kind),
                                            std::move(setup));
}

Result<std::unique_ptr<FrameConnection>> adopt_socket(Handover handover, SocketStream::Kind kind,
                                                      Capabilities capabilities) {
  if (!handover.input) {
    return Error{Code::malformed, "continue " + handover.peer + ": its socket is missing"};
  }
  auto connection = std::make_unique<StreamConnection>(
      std::make_unique<SocketStream>(std::move(handover.input), kind),
      StreamConnection::Setup{handover.peer, capabilities, handover.framing, handover.max_message});
  connection->preload(handover.received.bytes());
  return std::unique_ptr<FrameConnection>{std::move(connection)};
}

}  // namespace troupe::transports
