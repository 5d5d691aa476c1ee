// SPDX-License-Identifier: Apache-2.0
#pragma once

// The programs that a command looks at. A target is a pid of this machine, or the URL of a node,
// here or elsewhere; what is found by either comes out of look_at as a Program.

#include "tools/connect_options.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/transports/address.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

class FarProgram;

struct Target {
  std::int64_t pid = 0;  // 0: the node at url
  Address url{};
  ConnectChoice choice{};             // of url
  std::shared_ptr<FarProgram> far{};  // the node, once it has been looked at
};
// "4711", or the URL.
std::string text_of(const Target& target);

// Errors: invalid_argument.
Result<Target> parse_target(std::string_view text);

// A runtime of a program.
struct Program {
  node::ProgramPlace place;
  Result<node::ProgramReport> report;
};

// All of this user; those that have ended meanwhile are not among them.
std::vector<Program> look_at_all(node::Detail detail);
// The runtimes of one process, which have all answered; of a node the one that it is, over a link
// that stays in the target for the next look. Errors: not_found, and ask_program's or ask_node's.
Result<std::vector<Program>> look_at(Target& target, node::Detail detail);

// "wordcount", or "wordcount: Process-1" where the runtime has another name.
std::string title_of(const node::ProgramReport& report);
// How many actors it has, and that not all of them are listed where that is so; else empty.
std::string remark_on_rows(const node::ProgramReport& report);

}  // namespace troupe::tools
