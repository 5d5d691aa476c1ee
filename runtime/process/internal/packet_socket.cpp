// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/packet_socket.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace troupe::process {
namespace {

constexpr std::size_t kMostInline = 32 << 10U;  // well below every socket buffer's default
constexpr std::size_t kMostFds = 250;           // SCM_MAX_FD is 253

// Stands before the bytes. Both ends are of one machine, and of one version of this library: a
// packet that says otherwise is malformed.
struct Header {
  std::uint32_t version = 0x74'72'00'01;
  std::uint32_t fds = 0;  // all of them, the memory file not counted
  std::uint64_t bytes =
      0;  // in this message, or in the memory file that comes first of its descriptors
};

std::size_t size_of(std::span<const std::span<const std::byte>> pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                         [](std::size_t sum, auto piece) { return sum + piece.size(); });
}

iovec vector_of(std::span<const std::byte> bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves reads too; this one is
  // written
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

// Control data for kMostFds + 1 descriptors, aligned as cmsghdr.
struct alignas(cmsghdr) Control {
  std::array<std::byte, CMSG_SPACE((kMostFds + 1) * sizeof(int))> bytes{};
};

Result<void> send_message(int socket, std::span<iovec> vectors, std::span<const int> fds) {
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  Control control;
  if (!fds.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET) {
      return Error{Code::disconnected, "the other process is gone"};
    }
    if (errno == EAGAIN) {
      return Error{Code::timed_out, "the other process does not read"};
    }
    return Error::system("send to a process of the family", errno);
  }
  return {};
}

Result<UniqueFd> memory_file_of(std::span<const std::span<const std::byte>> pieces) {
  UniqueFd file{::memfd_create("troupe-packet", MFD_CLOEXEC)};
  if (!file) {
    return Error::system("make a memory file for a large packet", errno);
  }
  for (std::span<const std::byte> piece : pieces) {
    while (!piece.empty()) {
      const ssize_t written = ::write(file.get(), piece.data(), piece.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return Error::system("write a large packet to a memory file", errno);
      }
      piece = piece.subspan(static_cast<std::size_t>(written));
    }
  }
  return file;
}

Result<Bytes> content_of(const UniqueFd& file, std::uint64_t size) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size) {
    return Error{Code::malformed, "a packet's memory file does not have the announced size"};
  }
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (count <= 0) {
      if (count < 0 && errno == EINTR) continue;
      return Error::system("read a large packet", errno);
    }
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

// Takes over the descriptors that came with `message`.
void take_fds(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

// The size of the next message, which it waits for; 0 at the end.
Result<std::size_t> next_size(int socket) {
  for (;;) {
    std::byte none{};
    const ssize_t size = ::recv(socket, &none, 0, MSG_PEEK | MSG_TRUNC);
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == ECONNRESET) return std::size_t{0};
    if (errno != EINTR) return Error::system("receive from a process of the family", errno);
  }
}

// Bytes read. Errors: closed, malformed (descriptors were lost), system.
Result<std::size_t> receive_message(int socket, std::span<iovec> vectors,
                                    std::vector<UniqueFd>& fds) {
  Control control;
  for (;;) {
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (count < 0 && errno == ECONNRESET)) {
      return Error{Code::closed, "the other process is gone"};
    }
    if (count < 0) {
      return Error::system("receive from a process of the family", errno);
    }
    take_fds(message, fds);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
      return Error{Code::malformed, "a packet was cut off: are there descriptors left to open?"};
    }
    return static_cast<std::size_t>(count);
  }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> packet_socket_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::system("make a socket pair", errno);
  }
  return std::pair{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Result<void> send_packet(int socket, std::span<const std::span<const std::byte>> pieces,
                         std::span<const int> fds) {
  Header header;
  header.fds = static_cast<std::uint32_t>(fds.size());
  header.bytes = size_of(pieces);
  std::vector<iovec> vectors{{&header, sizeof(header)}};
  std::vector<int> first(fds.begin(),
                         fds.begin() + static_cast<std::ptrdiff_t>(std::min(fds.size(), kMostFds)));
  UniqueFd file;
  if (header.bytes > kMostInline) {
    auto made = memory_file_of(pieces);
    if (!made) return made.error();
    file = std::move(*made);
    first.insert(first.begin(), file.get());
  } else {
    std::ranges::transform(pieces, std::back_inserter(vectors), vector_of);
  }
  if (auto sent = send_message(socket, vectors, first); !sent) {
    return sent;
  }
  for (std::size_t at = kMostFds; at < fds.size(); at += kMostFds) {
    iovec vector{&header, sizeof(header)};
    if (auto sent = send_message(socket, {&vector, 1},
                                 fds.subspan(at, std::min(kMostFds, fds.size() - at)));
        !sent) {
      return sent;
    }
  }
  return {};
}

Result<Packet> receive_packet(int socket) {
  auto size = next_size(socket);
  if (!size) return size.error();
  Header header;
  Packet packet;
  packet.bytes.resize(*size - std::min(*size, sizeof(header)));
  std::array<iovec, 2> vectors{
      {{&header, sizeof(header)}, {packet.bytes.data(), packet.bytes.size()}}};
  auto count = receive_message(socket, vectors, packet.fds);
  if (!count) return count.error();
  if (*count < sizeof(header) || header.version != Header{}.version) {
    return Error{Code::malformed, "the other process has another version of troupe"};
  }
  const bool in_file = header.bytes > kMostInline;
  if (!in_file && header.bytes != *count - sizeof(header)) {
    return Error{Code::malformed, "a packet has another length than it announced"};
  }
  if (in_file) {
    if (packet.fds.empty()) return Error{Code::malformed, "a large packet came without its file"};
    auto content = content_of(packet.fds.front(), header.bytes);
    if (!content) return content.error();
    packet.bytes = std::move(*content);
    packet.fds.erase(packet.fds.begin());
  }
  while (packet.fds.size() < header.fds) {
    if (auto more = receive_message(socket, {vectors.data(), 1}, packet.fds); !more) {
      return more.error();
    }
  }
  if (packet.fds.size() != header.fds) {
    return Error{Code::malformed, "a packet has other descriptors than it announced"};
  }
  return packet;
}

}  // namespace troupe::process
