// SPDX-License-Identifier: Apache-2.0
#pragma once

// A copy of this process, below what fork(2) offers: it may become a sibling, and no atfork
// handlers run. Copies are unknown to wait(2) and waitpid(-1) unless those ask for __WALL, send no
// SIGCHLD, and are not reaped by an ignored SIGCHLD, as long as they execute no other program; so
// are the siblings they make.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>

namespace troupe::os {

struct Cloned {
  pid_t pid = 0;   // 0: this is the copy
  UniqueFd pidfd;  // empty in the copy, and for a sibling
};

enum class Relation : std::uint8_t { child, sibling };  // sibling: a child of the caller's parent

// Copies this process, as fork(2) does. Only while it has one thread. Errors: system.
Result<Cloned> clone_process(Relation relation);

}  // namespace troupe::os
