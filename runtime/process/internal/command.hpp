// SPDX-License-Identifier: Apache-2.0
#pragma once

// Command: subprocess::Options made into what base/os starts, and this side's ends of its pipes.

#include "troupe/base/os/program.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/subprocess_options.hpp"

#include <string>
#include <vector>

namespace troupe::process {

struct Command {
  os::Program program;
  std::string name;
  // Ours, which do not block; empty where a stream is no pipe.
  UniqueFd in{};
  UniqueFd out{};
  UniqueFd err{};
  std::vector<UniqueFd> theirs{};  // to be closed once it runs
};

// Errors: invalid_argument, system.
Result<Command> prepare(const std::vector<std::string>& words, const subprocess::Options& options,
                        bool of_run);

}  // namespace troupe::process
