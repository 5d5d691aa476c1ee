// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a child does between being cloned and executing a program. It runs in the starter's memory,
// or in a copy of it, and may not allocate, lock, or call what keeps notes there: everything it
// needs is prepared, and it makes system calls only.

#include "troupe/base/os/program.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace troupe::os {

// What the child was doing when it failed.
enum class Step : std::uint8_t {
  streams,
  descriptors,
  process_group,
  directory,
  extra_groups,
  group,
  user,
  death_signal,
  execute
};

// What it says of that, in memory that the starter sees.
struct Report {
  Step step = Step::streams;
  int error = 0;  // the errno of what failed
};

// What the child needs, prepared by the starter: the child may not allocate.
struct Launch {
  const char* const* paths = nullptr;  // null after the last
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: the starter's
  const Placed* fds = nullptr;
  int* copies = nullptr;      // of fds, above all numbers that it puts in place
  const int* kept = nullptr;  // those numbers, sorted
  std::size_t fd_count = 0;
  int above = 0;  // the least number above them
  int null = -1;  // /dev/null, above them
  bool starters_input = false;
  bool dies_with_thread = false;
  Group group = Group::starters;
  pid_t other_group = 0;
  // Null, or less than 0: the starter's.
  const uid_t* user = nullptr;
  const gid_t* primary_group = nullptr;
  const gid_t* extra_groups = nullptr;
  long extra_group_count = -1;
  const mode_t* umask = nullptr;
  pid_t starter = 0;
  Report* report = nullptr;
};

// clone's function; `launch` is a Launch. Ends the process when nothing could be executed.
int run_launch(void* launch) noexcept;

}  // namespace troupe::os
