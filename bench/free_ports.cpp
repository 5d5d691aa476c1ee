// SPDX-License-Identifier: Apache-2.0
#include "free_ports.hpp"

#include "troupe/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace bench {

std::vector<std::string> free_ports(std::size_t count) {
  std::vector<troupe::UniqueFd> sockets;  // all at once, so that they differ
  std::vector<std::string> ports;
  while (ports.size() < count) {
    sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(sockets.back().get(), plain, size) != 0 ||
        ::getsockname(sockets.back().get(), plain, &size) != 0) {
      throw std::runtime_error{"there is no free port"};
    }
    ports.push_back(std::to_string(ntohs(address.sin_port)));
  }
  return ports;
}

}  // namespace bench
