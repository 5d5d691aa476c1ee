// SPDX-License-Identifier: Apache-2.0
#pragma once

// Another program, started without copying anything of this one (vfork and exec), from any thread.

#include "troupe/base/os/clone.hpp"
#include "troupe/base/result.hpp"

#include <string>
#include <vector>

namespace troupe::os {

// What a program is started with; everything else is as the caller has it.
struct Program {
  std::string path;
  std::vector<std::string> arguments;    // the first is the name it goes by
  std::vector<std::string> environment;  // NAME=value
  int inherited = -1;                    // a descriptor that it finds as kInheritedFd
};
inline constexpr int kInheritedFd = 3;

// Starts `program` with an empty signal mask and default dispositions, with /dev/null as its input
// (and as those outputs that the caller has closed), and with no other descriptor than these four.
// Unlike a copy it is known to waitpid(-1) and ends with a SIGCHLD. Blocks until the program runs.
// Errors: system.
Result<Cloned> start_program(const Program& program);

}  // namespace troupe::os
