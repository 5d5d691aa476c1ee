// SPDX-License-Identifier: Apache-2.0
#pragma once

// Processes for measuring: each figure is made in one that has done nothing before, and whose end
// ends all that it started.

#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <functional>
#include <string>

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

  void kill() const;  // does not wait for its end

 private:
  pid_t pid_;
};

// A partner that others find where it says.
class FoundPartner final {
 public:
  // One line; waits then until the process is killed.
  using Tell = std::function<void(const std::string& where)>;

  // `body` tells, in the process, once that can be found.
  explicit FoundPartner(const std::function<void(const Tell& tell)>& body);

  const std::string& where() const noexcept { return where_; }
  void kill() const { process_.kill(); }

 private:
  struct Channel {
    Channel();
    troupe::UniqueFd reader;
    troupe::UniqueFd writer;
  };

  Channel channel_;
  Partner process_;
  std::string where_;
};

}  // namespace bench
