// SPDX-License-Identifier: Apache-2.0
#pragma once

// Processes for measuring: each figure is made in one that has done nothing before, and whose end
// ends all that it started.

#include <sys/types.h>

#include <functional>

namespace bench {

// What `figure` returns, called in a process forked for it. Throws std::runtime_error with what it
// threw, how it died, or that it took longer than a minute.
double in_fresh_process(const std::function<double()>& figure);

// The process at the other end of what is measured: forked here, killed with this object.
class Partner final {
 public:
  explicit Partner(const std::function<void()>& body);
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;
  ~Partner();

 private:
  pid_t pid_;
};

}  // namespace bench
