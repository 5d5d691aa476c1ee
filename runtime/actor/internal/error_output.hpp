// SPDX-License-Identifier: Apache-2.0
#pragma once

// ErrorOutput: what another process writes to its error output: passed on to this process's, and
// the last of it kept, for whoever has to say how that process ended. Thread-safe.

#include "troupe/base/clock.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <mutex>
#include <string>

namespace troupe::actor {

class ErrorOutput final {
 public:
  static constexpr std::size_t kKept = 2048;  // bytes, of whole lines

  // The only reading end of a pipe. Empty: nothing is passed on.
  explicit ErrorOutput(UniqueFd reader);

  int fd() const noexcept { return reader_.get(); }  // -1: none
  // Passes on what has come, 64 KiB at most, without waiting for more. What this process's error
  // output does not take within 100 ms is dropped. False: it has ended.
  bool pass_on();
  // Waits so long until this process's error output takes something.
  static bool can_pass_on(Duration patience);
  // The last lines.
  std::string last_lines() const;

 private:
  const UniqueFd reader_;
  std::mutex passing_;  // held by who reads and passes on
  mutable std::mutex mutex_;
  std::string kept_;  // guarded by mutex_
};

}  // namespace troupe::actor
