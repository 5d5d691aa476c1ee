// SPDX-License-Identifier: Apache-2.0
#include "erlang_nodes.hpp"

#include "../child_program.hpp"
#include "../free_ports.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bench::erlang {
namespace {

double number(const std::string& work, std::size_t pairs, std::uint64_t times) {
  const auto ports = free_ports(2);
  const std::string& ours = ports[0];
  const std::string& theirs = ports[1];
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
