// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts the system calls of whole processes by tracing them (ptrace), which needs no privileges
// where a program may be debugged, and no package.

#include "exchange.hpp"

#include <functional>

namespace bench {

// Runs `body` in a traced process, with the processes and threads that it starts. `body` hands the
// meter it is given to what it measures; the meter does `steps` steps, after some uncounted.
// Returns the calls a step of the process that made the most while those steps were done. Throws
// when tracing is not allowed.
double most_syscalls_a_step(int steps, const std::function<void(const Meter&)>& body);

}  // namespace bench
