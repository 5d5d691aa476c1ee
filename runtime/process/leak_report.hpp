// SPDX-License-Identifier: Apache-2.0
#pragma once

// LeakReport: what of a runtime is open. At its end it is what was forgotten. A value.

#include <string>
#include <vector>

namespace troupe {

struct LeakReport {
  // "connection to unix:/run/a", "process worker-2 (pid 4711)", "actor Account \"main\""
  std::vector<std::string> things;

  bool clean() const noexcept { return things.empty(); }
  std::string text() const {  // a line a thing, without line end
    std::string text;
    for (const std::string& thing : things) {
      text += (text.empty() ? "" : "\n") + thing;
    }
    return text;
  }
};

}  // namespace troupe
