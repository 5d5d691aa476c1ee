// SPDX-License-Identifier: Apache-2.0
#pragma once

// this_process: who the calling process is in its family. Any thread may ask.

#include <sys/types.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace troupe::this_process {

// As its starter named it; "main" in the program's first process, and "" without a Runtime.
std::string name();
// Who started it, while that lives; empty in the program's first process.
std::optional<pid_t> parent();
// Those it has started, that live and are held by a Process.
std::vector<pid_t> children();
// Of the thread's current runtime: set once it is to stop. Without one it never is.
std::stop_token stop_token();

}  // namespace troupe::this_process
