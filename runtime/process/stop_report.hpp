// SPDX-License-Identifier: Apache-2.0
#pragma once

// StopReport: what was still at work when it was told to stop, and did not end by itself. A value.

#include "troupe/base/clock.hpp"

#include <string>
#include <vector>

namespace troupe {

struct StopReport {
  struct Holder {
    std::string who;  // "worker-2 (pid 4711)"
    std::string doing;
    std::string waiting_for;  // empty when that is not known
    Duration for_how_long{};  // since it was told
    bool killed = false;      // false: it is still there
  };

  std::vector<Holder> holders;

  bool clean() const noexcept { return holders.empty(); }
  // A line a holder, without line end: "worker-2 (pid 4711) did not end within 5 s and was killed".
  std::string text() const;
};

}  // namespace troupe
