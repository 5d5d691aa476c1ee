// SPDX-License-Identifier: Apache-2.0
#pragma once

// ErrorOutput: what another process writes to its error output: passed on to this process's, and
// the last of it kept, for whoever has to say how that process ended. Thread-safe.

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
  // Passes on what has come, without waiting for more. False: it has ended.
  bool pass_on();
  // The last lines.
  std::string last_lines() const;

 private:
  const UniqueFd reader_;
  mutable std::mutex mutex_;
  std::string kept_;  // guarded by mutex_
};

}  // namespace troupe::actor
