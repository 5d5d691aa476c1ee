// SPDX-License-Identifier: Apache-2.0
#include "raw.hpp"

#include "../fresh_process.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace bench::raw {
namespace {

using troupe::UniqueFd;

// One process's side; sockets have one descriptor for both ways.
struct End {
  UniqueFd in;
  UniqueFd out;

  int reader() const noexcept { return in.get(); }
  int writer() const noexcept { return out ? out.get() : in.get(); }
};
using Ends = std::pair<End, End>;

int check(int result, const char* doing) {
  if (result < 0) {
    throw std::system_error{errno, std::generic_category(), doing};
  }
  return result;
}

Ends pipes() {
  std::array<int, 2> there{};
  std::array<int, 2> back{};
  check(::pipe2(there.data(), O_CLOEXEC), "pipe");
  check(::pipe2(back.data(), O_CLOEXEC), "pipe");
  return {End{UniqueFd{back[0]}, UniqueFd{there[1]}}, End{UniqueFd{there[0]}, UniqueFd{back[1]}}};
}

// The reading and the writing descriptor of a named pipe that is gone again.
std::pair<UniqueFd, UniqueFd> fifo() {
  std::string directory = "/tmp/troupe-bench-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) {
    check(-1, "mkdtemp");
  }
  const std::string path = directory + "/fifo";
  check(::mkfifo(path.c_str(), 0600), "mkfifo");
  UniqueFd reader{check(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open a fifo")};
  UniqueFd writer{check(::open(path.c_str(), O_WRONLY | O_CLOEXEC), "open a fifo")};
  check(::fcntl(reader.get(), F_SETFL, 0), "fcntl");
  ::unlink(path.c_str());
  ::rmdir(directory.c_str());
  return {std::move(reader), std::move(writer)};
}

Ends fifos() {
  auto [there_in, there_out] = fifo();
  auto [back_in, back_out] = fifo();
  return {End{std::move(back_in), std::move(there_out)},
          End{std::move(there_in), std::move(back_out)}};
}

Ends unix_sockets() {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  return {End{UniqueFd{ends[0]}, {}}, End{UniqueFd{ends[1]}, {}}};
}

Ends tcp_sockets() {
  const auto make = [] {
    return UniqueFd{check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
  };
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  const UniqueFd listener = make();
  check(::bind(listener.get(), plain, size), "bind");
  check(::listen(listener.get(), 1), "listen");
  check(::getsockname(listener.get(), plain, &size), "getsockname");
  UniqueFd first = make();
  check(::connect(first.get(), plain, size), "connect");
  UniqueFd second{check(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept")};
  for (const int fd : {first.get(), second.get()}) {
    const int on = 1;
    check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  }
  return {End{std::move(first), {}}, End{std::move(second), {}}};
}

Ends connect(const std::string& scheme) {
  if (scheme == "pipe") return pipes();
  if (scheme == "fifo") return fifos();
  if (scheme == "unix") return unix_sockets();
  return tcp_sockets();
}

// Both poll again after EAGAIN, which only descriptors that do not block return.
std::size_t read_some(int fd, std::byte* place, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(fd, place, size);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) throw std::runtime_error{"the other end is closed"};
    if (errno != EAGAIN) check(-1, "read");
    troupe::pause_cpu();
  }
}

void read_all(int fd, std::byte* place, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    done += read_some(fd, place + done, size - done);
  }
}

void write_all(int fd, const std::byte* bytes, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = ::write(fd, bytes + done, size - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EAGAIN) {
      check(-1, "write");
    }
  }
}

void do_not_block(const End& end) {
  for (const int fd : {end.reader(), end.writer()}) {
    check(::fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
  }
}

void drop(End& end) {
  end.in.reset();
  end.out.reset();
}

}  // namespace

double round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  Ends ends = connect(trip.scheme);
  if (trip.waiting == Waiting::awake) {
    do_not_block(ends.first);
    do_not_block(ends.second);
  }
  std::array<std::byte, kRoundTripBytes> message{};
  const Partner partner{[&] {
    pin_to(where.partner);
    drop(ends.first);
    for (;;) {
      read_all(ends.second.reader(), message.data(), message.size());
      write_all(ends.second.writer(), message.data(), message.size());
    }
  }};
  pin_to(where.measuring);
  drop(ends.second);
  return meter([&] {
    write_all(ends.first.writer(), message.data(), message.size());
    read_all(ends.first.reader(), message.data(), message.size());
  });
}

double stream(const Stream& stream, const Meter& meter) {
  const Placement where = placement(Waiting::awake);
  Ends ends = connect(stream.scheme);
  const Partner partner{[&] {
    pin_to(where.partner);
    drop(ends.first);
    const std::vector<std::byte> message(stream.size, std::byte{1});
    for (;;) {
      write_all(ends.second.writer(), message.data(), message.size());
    }
  }};
  pin_to(where.measuring);
  drop(ends.second);
  constexpr std::size_t kAtOnce = 65536;
  std::vector<std::byte> place(std::max(stream.size, kAtOnce));
  if (stream.size > kAtOnce) {
    return meter([&] { read_all(ends.first.reader(), place.data(), stream.size); });
  }
  std::size_t arrived = 0;
  const std::size_t step = stream.messages_a_step() * stream.size;
  return meter([&] {
    while (arrived < step) {
      arrived += read_some(ends.first.reader(), place.data(), kAtOnce);
    }
    arrived -= step;
  });
}

}  // namespace bench::raw
