// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a process is started and let go.

#include "troupe/base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

enum class StartMethod : std::uint8_t {
  automatic,  // zygote; exec where there can be none (an embedded Runtime)
  zygote,     // a copy of a small process that was made before main did anything else: 0.1 ms or so
  exec,  // the program, started anew: some ms; also for what a zygote cannot know (see Process)
};

struct ProcessOptions {
  std::string name{};                          // default "Process-1", its first child "Process-1:1"
  StartMethod start = StartMethod::automatic;  // automatic: as RuntimeOptions::start says
  bool detached = false;                       // outlives this program, and the Process object
  Duration grace =
      std::chrono::seconds{5};  // between terminate and kill, at the destructor and a stop
};

}  // namespace troupe
