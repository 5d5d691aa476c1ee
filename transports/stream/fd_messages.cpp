// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/fd_messages.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace troupe::transports {
namespace {

constexpr std::size_t kMaxFds = 253;  // SCM_MAX_FD: the kernel takes no more at once
constexpr std::size_t kControlSize = CMSG_SPACE(kMaxFds * sizeof(int));

// Takes the descriptors out of a received message, in order.
void collect_fds(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

Error too_many_fds() {
  return {Code::invalid_argument, "send file descriptors: at most 253 in a message"};
}

}  // namespace

Error socket_failed(const char* doing) {
  switch (errno) {
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Error{Code::disconnected,
                   std::string{doing} + ": the peer's host does not answer (" + errno_text(errno) +
                       "); is it up, and the link to it?",
                   Effect::unknown};
    case ECONNRESET:
    case EPIPE:
    case ENETRESET:
      return Error{Code::disconnected, std::string{doing} + ": " + errno_text(errno),
                   Effect::unknown};
    default:
      return Error::system(doing, errno);
  }
}

Result<Transfer> send_with_fds(int socket, std::span<iovec> pieces, std::span<UniqueFd> fds) {
  std::array<int, kMaxFds> numbers;
  if (fds.size() > numbers.size()) {
    return too_many_fds();
  }
  std::ranges::transform(fds, numbers.begin(), &UniqueFd::get);
  auto sent = send_with_fds(socket, pieces, std::span<const int>{numbers}.first(fds.size()));
  if (sent && sent->status == Transfer::Status::moved) {
    for (UniqueFd& fd : fds) {
      fd.reset();
    }
  }
  return sent;
}

Result<Transfer> send_with_fds(int socket, std::span<iovec> pieces, std::span<const int> fds) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  alignas(cmsghdr) std::array<std::byte, kControlSize> control;
  if (fds.size() > kMaxFds) {
    return too_many_fds();
  }
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    std::memset(control.data(), 0, message.msg_controllen);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  for (;;) {
    const bool plain = pieces.size() == 1 && fds.empty();
    const ssize_t sent =
        plain ? ::send(socket, pieces[0].iov_base, pieces[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL)
              : ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      return Transfer{Transfer::Status::moved, static_cast<std::size_t>(sent)};
    }
    if (errno == EAGAIN) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    if (errno != EINTR) {
      return socket_failed("send");
    }
  }
}

Result<Transfer> receive_with_fds(int socket, std::span<iovec> places, std::vector<UniqueFd>& fds) {
  alignas(cmsghdr) std::array<std::byte, kControlSize> control;
  for (;;) {
    msghdr message{};
    message.msg_iov = places.data();
    message.msg_iovlen = places.size();
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) {
      if (errno == EAGAIN) {
        return Transfer{Transfer::Status::would_block, 0};
      }
      if (errno == EINTR) {
        continue;
      }
      return socket_failed("receive");
    }
    if (message.msg_controllen > 0) {
      collect_fds(message, fds);
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
      return Error{Code::malformed,
                   "receive: file descriptors were cut off; the limit of open files may be reached "
                   "(ulimit -n)"};
    }
    return Transfer{count == 0 ? Transfer::Status::end : Transfer::Status::moved,
                    static_cast<std::size_t>(count)};
  }
}

}  // namespace troupe::transports
