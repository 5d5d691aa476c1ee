// SPDX-License-Identifier: Apache-2.0
#pragma once

// Link: one kind of connection between two ends; what the conformance suites of channels are
// instantiated with. Each transport's test file lists its own.

#include "troupe/runtime/channel/connection.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <utility>

namespace troupe::harness {

struct Link {
  std::string name;  // letters only
  // Of a listener where `listens`, with %d for a folder of the test's own; else of a pair.
  std::string address;
  bool listens = false;
  bool duplex = true;
  bool fds = false;
  bool crosses_processes = true;
  bool bytes = true;  // a foreign program can read and write its descriptors
};

inline std::ostream& operator<<(std::ostream& out, const Link& link) {
  return out << link.name;
}

// One by a listener whose ends stay in the process that made them: the other party is a thread.
inline Link staying_link(std::string name, std::string address) {
  return {.name = std::move(name),
          .address = std::move(address),
          .listens = true,
          .crosses_processes = false,
          .bytes = false};
}

// The address with %d replaced.
Address address_of(const Link& link, const std::string& directory);

}  // namespace troupe::harness
