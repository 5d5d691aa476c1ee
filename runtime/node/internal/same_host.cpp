// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/same_host.hpp"

#include <algorithm>
#include <cstddef>

namespace troupe::node {

bool may_go_near(const Address& over) {
  const bool may = over.crosses_hosts() || over.scheme() == "unix" || over.scheme() == "zmq+ipc";
  return may && over.option("shm") != "off";
}

bool is_near_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

}  // namespace troupe::node
