// SPDX-License-Identifier: Apache-2.0
#pragma once

// Down: the one notice that something monitored or linked has ended, and why. A message: an actor
// takes it by `void handle(Down)`.

#include "troupe/runtime/actor/actor_id.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <string>

namespace troupe {

struct Down {
  ActorId target;
  std::string name;  // the name it was spawned with; else its class
  Exit reason;
};

}  // namespace troupe
