// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inspection: how a program learns what another troupe program of the same user does; what
// `troupe ps` is made of. Each runtime that may be inspected (RuntimeOptions::inspect) has a Unix
// socket in the private directory, from when its actors begin; a thread of its own answers there,
// whatever its workers do. docs/wire-protocol.md has the bytes.
//
// Needs no Runtime. Blocks the calling thread, in system calls, until the deadline at most.
// Thread-safe.
//
// A runtime that is a node is also asked over the link to it, by whoever has linked to it with its
// key: ask_node, which wants a free worker there.

#include "troupe/base/clock.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/stats.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

class Node;

}  // namespace troupe

namespace troupe::node {

// A link to another node. Part of the wire format: members are only ever added, at the end.
struct LinkReport {
  std::string node;        // its name
  std::string over;        // what it goes over, such as tcp://10.0.0.2:7000
  std::int64_t pid = 0;    // of the other side, as it sees itself
  std::uint64_t sent = 0;  // bytes of frames, since the link was made
  std::uint64_t received = 0;
  std::uint64_t queued = 0;        // bytes of frames that the link has not taken yet
  std::uint64_t lines = 0;         // actors there that handles here reach
  std::uint64_t messages_out = 0;  // sent to them, and not done with: of the credit that they gave
  std::uint64_t bytes_out = 0;
  Duration round_trip{};  // of the last sign of life; zero: there was none yet
};

// What a runtime tells of itself. Part of the wire format: members are only ever added, at the end.
struct ProgramReport {
  std::string program;      // the name of its file
  std::string name;         // the runtime's
  std::int64_t pid = 0;     // as the program sees itself
  std::int64_t parent = 0;  // who started it, of its family; 0: nobody, or gone
  Duration uptime{};        // of the runtime
  std::string version;      // troupe's
  std::string build_id;     // of the program, in hex
  bool stopping = false;
  std::vector<std::int64_t> children;  // processes that it has started
  std::string metrics;                 // where its /metrics is; else empty
  Stats stats;  // troupe_actors is how many there are, whether or not each has a row
  std::vector<LinkReport> links;
};

// Where a runtime can be asked.
struct ProgramPlace {
  std::int64_t pid = 0;      // of its process
  std::uint32_t number = 0;  // of the runtime in its process
  std::string path;
};

// This user's, by pid. Removes what killed programs have left.
std::vector<ProgramPlace> find_programs();

enum class Detail : std::uint8_t {
  summary,  // no actor has a row
  actors,   // up to kMostRows have, those that are not idle first
};
inline constexpr std::size_t kMostRows = 10'000;

// Errors: not_found (the program has ended), refused (it is another user's, or of a version that
// says something else), timed_out (it does not answer: it is stopped), malformed, system.
Result<ProgramReport> ask_program(const ProgramPlace& place, Detail detail, Deadline until);
// The runtime that the node is. Errors: refused (it is not to be seen: Inspect::off), and those of
// Runtime::connect and of an ask.
Result<ProgramReport> ask_node(const Node& node, Detail detail, Deadline until);

}  // namespace troupe::node
