// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signal: one that came to this process, as what Signals gives and an actor handles. A value.

#include <sys/types.h>

#include <cstdint>

namespace troupe {

struct Signal {
  int number = 0;
  // Who sent it, the last of several; 0: the kernel, such as for a key of the terminal. For
  // SIGCHLD, which child.
  pid_t from = 0;
  // How often it came since the one of this number that was taken before: they are counted, not
  // queued.
  std::uint32_t times = 1;
};

}  // namespace troupe
