// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a process uses, as the kernel counts it.

#include <sys/types.h>

#include <chrono>

namespace bench {

// Bytes of memory that the process holds now.
double resident_bytes(pid_t process);

// What a process did in a second.
struct Use {
  double cpu = 0;       // seconds that it ran
  double wake_ups = 0;  // how often one of its threads slept, and was woken to sleep again
};

// Watches a process for so long. The calling thread, which sleeps meanwhile, does not count.
Use watch(pid_t process, std::chrono::nanoseconds duration);

}  // namespace bench
