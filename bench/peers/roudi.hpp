// SPDX-License-Identifier: Apache-2.0
#pragma once

// Roudi: iceoryx's daemon, iox-roudi, with its default configuration. It serves while this object
// lives, or this process; a process of its own watches over that, ends it then, and removes what it
// and those it served have left. There is one in a machine at a time: the names it uses are fixed.

#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

class Roudi final {
 public:
  // For processes that call themselves so. Returns when it serves; throws std::runtime_error with
  // its own words when it does not.
  explicit Roudi(const std::vector<std::string>& members);
  Roudi(const Roudi&) = delete;
  Roudi& operator=(const Roudi&) = delete;
  ~Roudi();  // when all is removed

 private:
  troupe::UniqueFd life_;  // the keeper sees it close, whatever closes it
  pid_t keeper_ = -1;
};

}  // namespace bench
