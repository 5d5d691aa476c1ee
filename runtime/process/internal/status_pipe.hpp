// SPDX-License-Identifier: Apache-2.0
#pragma once

// The status pipe between a child, which has the writing end, and its starter, which alone has the
// reading end. It serves twice:
//   - The child writes one record of how it ended, for the reasons that an exit status cannot hold,
//   and
//     for a program whose own waitpid takes the status away.
//   - It is the child's lifeline: when the starter is gone nobody can read any more, and the kernel
//   then
//     sends SIGKILL by itself. No thread watches.
// A read wakes the writer as well, so the starter reads only once the child has ended.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace troupe::process {

struct StatusPipe {
  UniqueFd reader;
  UniqueFd writer;
};
// Errors: system.
Result<StatusPipe> make_status_pipe();

// Child: the kernel kills this process as soon as there is no reader. Errors: closed (there is none
// already), system.
Result<void> arm_lifeline(const UniqueFd& writer);

// Child: says how it ends; `who` is not sent. The text is cut to what a pipe takes in one piece.
// Without a reader nothing happens.
void write_status(const UniqueFd& writer, const Exit& exit) noexcept;
// The same in a signal handler: async-signal-safe.
void write_record(int writer, Exit::Kind kind, int code, std::string_view what) noexcept;

// Starter: what an ended child has said, if anything.
std::optional<Exit> read_status(int reader);

}  // namespace troupe::process
