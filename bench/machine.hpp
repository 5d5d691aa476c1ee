// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where and when figures were made: what must stand beside them to mean anything.

#include <string>

namespace bench {

struct Machine {
  std::string cpu;     // model, and how many of them
  std::string kernel;  // release
  std::string commit;  // of this repository; "+" when files were changed since
  std::string date;    // UTC
  double load = 0;     // runnable processes over the last minute: others at work make figures noise
};

Machine this_machine();

}  // namespace bench
