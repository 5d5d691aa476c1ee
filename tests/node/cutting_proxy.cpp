// SPDX-License-Identifier: Apache-2.0
#include "node/cutting_proxy.hpp"

#include "troupe/base/check.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress unix_at(const std::string& path) {
  SocketAddress address;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  TROUPE_CHECK(path.size() < sizeof un.sun_path);
  std::memcpy(un.sun_path, path.data(), path.size());
  std::memcpy(&address.storage, &un, sizeof un);
  address.size = sizeof un;
  return address;
}

SocketAddress loopback_at(std::uint16_t port) {
  SocketAddress address;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
  return address;
}

SocketAddress socket_address_of(const Address& address) {
  return address.crosses_hosts() ? loopback_at(address.port())
                                 : unix_at(std::string{address.path()});
}

}  // namespace

CuttingProxy::CuttingProxy(const Address& there) : there_(there), stop_(::eventfd(0, EFD_CLOEXEC)) {
  const bool is_unix = !there.crosses_hosts();
  const std::string path = std::string{there.path()} + ".cut";
  const SocketAddress own = is_unix ? unix_at(path) : loopback_at(0);
  listener_ = UniqueFd{::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (is_unix) {
    ::unlink(path.c_str());
  }
  TROUPE_CHECK(::bind(listener_.get(), own.get(), own.size) == 0);
  TROUPE_CHECK(::listen(listener_.get(), 64) == 0);
  if (is_unix) {
    address_ = std::string{there.scheme()} + ":" + path;
  } else {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    TROUPE_CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0);
    address_ = std::string{there.scheme()} +
               "://127.0.0.1:" + std::to_string(ntohs(bound.sin_port)) + std::string{there.path()};
  }
  thread_ = std::thread{[this] { run(); }};
}

CuttingProxy::~CuttingProxy() {
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
  if (!there_.crosses_hosts()) {
    ::unlink(std::string{address_.path()}.c_str());
  }
}

void CuttingProxy::accept_one() {
  Passing passing{UniqueFd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)}, {}};
  const SocketAddress there = socket_address_of(there_);
  passing.to = UniqueFd{::socket(there.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (passing.from && ::connect(passing.to.get(), there.get(), there.size) == 0) {
    passing_.push_back(std::move(passing));
  }
}

bool CuttingProxy::pass(int from, int to) {
  std::array<char, 4096> bytes;
  const long left = left_.load();
  const std::size_t most =
      left < 0 ? bytes.size() : std::min(bytes.size(), static_cast<std::size_t>(left));
  const ssize_t count = most > 0 ? ::recv(from, bytes.data(), most, MSG_DONTWAIT) : 0;
  if (count <= 0) {
    return false;
  }
  if (left >= 0) {
    left_.store(left - count);
  }
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t more =
        ::send(to, bytes.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (more <= 0) {
      return false;
    }
    sent += more;
  }
  return true;
}

void CuttingProxy::run() {
  for (;;) {
    std::vector<pollfd> items{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Passing& each : passing_) {
      items.push_back({each.from.get(), POLLIN, 0});
      items.push_back({each.to.get(), POLLIN, 0});
    }
    (void)::poll(items.data(), items.size(), -1);
    if (items[0].revents != 0) {
      return;
    }
    std::size_t at = 2;
    for (auto each = passing_.begin(); each != passing_.end(); at += 2) {
      const bool goes_on = (items[at].revents == 0 || pass(each->from.get(), each->to.get())) &&
                           (items[at + 1].revents == 0 || pass(each->to.get(), each->from.get()));
      each = goes_on ? std::next(each) : passing_.erase(each);
    }
    if (left_.load() == 0) {
      cuts_ += passing_.size();
      passing_.clear();
      left_.store(-1);
    }
    if (items[1].revents != 0) {
      accept_one();
    }
  }
}

}  // namespace troupe::node_test
