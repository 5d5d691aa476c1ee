// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/actor_id.hpp"

namespace troupe {

std::string ActorId::text() const {
  std::string text = std::to_string(number & 0xFFFFFFFFU) + "." + std::to_string(number >> 32U);
  if (node != 0) {
    text += "@" + std::to_string(node);
  }
  return text;
}

}  // namespace troupe
