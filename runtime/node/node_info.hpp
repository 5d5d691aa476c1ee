// SPDX-License-Identifier: Apache-2.0
#pragma once

// NodeInfo: who a node is: one OS process that runs a Runtime. A value, and a message: what nodes
// say to each other first. Part of the wire format: docs/wire-protocol.md#node-links.

#include <cstdint>
#include <string>

namespace troupe {

struct NodeInfo {
  std::uint64_t id = 0;  // random, new at each start
  std::uint64_t epoch =
      0;                // when it started: ns since 1970; of two lives, the later has the larger
  std::string name;     // RuntimeOptions::name; else the process's
  std::string address;  // where it listens; empty: nowhere
  std::int64_t pid = 0;
};

}  // namespace troupe
