// SPDX-License-Identifier: Apache-2.0
#pragma once

// Processes by descriptor: a pidfd names one process for ever, where a pid is used again. Readable
// once the process has ended. Thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace troupe::os {

// A close-on-exec descriptor for the process that has `pid` now. Errors: system.
Result<UniqueFd> open_pidfd(pid_t pid);

// Sends signal `number`; to a process that is dead already that is no error. `pid` serves where the
// kernel or a container refuses pidfd_send_signal, so the process must not have been reaped by us.
// Errors: system, invalid_argument (no such signal).
Result<void> send_signal(int pidfd, pid_t pid, int number);

// The same to all of the process group that `pidfd` leads or has led. `pid` may be 0 once the
// process has been reaped: then nothing is sent by kernels before 6.9.
Result<void> send_signal_to_group(int pidfd, pid_t pid, int number);

struct ProcessStatus {
  enum class State : std::uint8_t {
    running,
    ended,  // code or signal say how; the process is reaped
    taken,  // somebody else has reaped it, and the kernel does not say how it ended
  };
  State state = State::running;
  int code = 0;    // of exit, 0 to 255
  int signal = 0;  // not 0: what killed it
};

// Waits until the process has ended; false: it has not within `time`. Signals are not visible.
bool wait_for_end(int pidfd, std::chrono::milliseconds time) noexcept;

// Reaps the child `pidfd` if it has ended. Never blocks.
ProcessStatus try_reap(int pidfd) noexcept;

// The same for any process, and leaves it for its parent to reap. Never blocks.
ProcessStatus look_at(int pidfd) noexcept;

// The process that made the other end of a Unix socket; empty when the kernel does not say (before
// Linux 6.5, or it is reaped).
UniqueFd peer_pidfd(int socket) noexcept;

}  // namespace troupe::os
