// SPDX-License-Identifier: Apache-2.0
#pragma once

// Faults of a thread (SIGSEGV and its like): what a handler of one does when it is done.

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX

namespace troupe::os {

// In a handler: what would happen if it were not there. `earlier`: what was installed before it.
// May not return; after a return from the handler a fault of the thread happens again.
// Async-signal-safe, as far as the earlier handler is.
void pass_fault_on(const struct sigaction& earlier, int signal, siginfo_t* info,
                   void* context) noexcept;

}  // namespace troupe::os
