// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/socket/socket_stream.hpp"

#include "troupe/transports/stream/fd_messages.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace troupe::transports {

Result<Transfer> SocketStream::try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) {
  if (!fds.empty() && kind_ != Kind::local) {
    return Error{Code::invalid_argument,
                 "send file descriptors: this transport does not carry them; try unix:"};
  }
  return send_with_fds(socket_.get(), pieces, fds);
}

Result<Transfer> SocketStream::try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) {
  if (kind_ == Kind::local) {
    return receive_with_fds(socket_.get(), places, fds);
  }
  msghdr message{};
  message.msg_iov = places.data();
  message.msg_iovlen = places.size();
  for (;;) {
    const ssize_t count = places.size() == 1 ? ::recv(socket_.get(), places[0].iov_base,
                                                      places[0].iov_len, MSG_DONTWAIT)
                                             : ::recvmsg(socket_.get(), &message, MSG_DONTWAIT);
    if (count > 0) {
      return Transfer{Transfer::Status::moved, static_cast<std::size_t>(count)};
    }
    if (count == 0) {
      return Transfer{Transfer::Status::end, 0};
    }
    if (errno == EAGAIN) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    if (errno != EINTR) {
      return socket_failed("receive");
    }
  }
}

Readiness SocketStream::readable() const noexcept {
  return {socket_.get(), POLLIN};
}

Readiness SocketStream::writable() const noexcept {
  return {socket_.get(), POLLOUT};
}

Result<ByteStream::Ends> SocketStream::duplicate() const {
  auto copy = UniqueFd::duplicate(socket_.get());
  if (!copy) {
    return copy.error();
  }
  return Ends{std::move(*copy), UniqueFd{}};
}

}  // namespace troupe::transports
