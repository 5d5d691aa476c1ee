// SPDX-License-Identifier: Apache-2.0
#include "erlang_nodes.hpp"

#include "../child_program.hpp"
#include "troupe/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench::erlang {
namespace {

// Two ports that nobody has now.
std::array<std::string, 2> free_ports() {
  std::array<troupe::UniqueFd, 2> sockets;  // both at once, so that they differ
  std::array<std::string, 2> ports;
  for (std::size_t i = 0; i < 2; ++i) {
    sockets.at(i) = troupe::UniqueFd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(sockets.at(i).get(), plain, size) != 0 ||
        ::getsockname(sockets.at(i).get(), plain, &size) != 0) {
      throw std::runtime_error{"there is no free port"};
    }
    ports.at(i) = std::to_string(ntohs(address.sin_port));
  }
  return ports;
}

double number(const std::string& work, std::size_t pairs, std::uint64_t times) {
  const auto [ours, theirs] = free_ports();
  // The name of a node ends with its port, which is how the two find each other.
  std::vector<std::string> words{"env",
                                 "ERL_CRASH_DUMP_SECONDS=0",
                                 "erl",
                                 "-name",
                                 "bench" + ours + "@127.0.0.1",
                                 "-start_epmd",
                                 "false",
                                 "-epmd_module",
                                 "erlang_nodes",
                                 "-setcookie",
                                 "bench",
                                 "-kernel",
                                 "inet_dist_use_interface",
                                 "{127,0,0,1}",
                                 "-noshell",
                                 "-noinput",
                                 "-pa",
                                 TROUPE_BENCH_ERLANG,
                                 "-run",
                                 "erlang_nodes",
                                 "main",
                                 work,
                                 TROUPE_BENCH_ERLANG,
                                 "bench" + theirs,
                                 std::to_string(pairs),
                                 std::to_string(times)};
  return std::stod(ChildProgram{std::move(words)}.output());
}

}  // namespace

double remote_ping_pong(std::size_t pairs, std::uint64_t times) {
  return number("ping_pong", pairs, times);
}

double remote_stream(std::size_t pairs, std::uint64_t times) {
  return number("stream", pairs, times);
}

double remote_asks(std::size_t pairs, std::uint64_t times) {
  return number("asks", pairs, times);
}

double remote_ask(std::uint64_t times) {
  return number("ask", 1, times);
}

}  // namespace bench::erlang
