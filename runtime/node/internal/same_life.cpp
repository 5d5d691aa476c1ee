// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/same_life.hpp"

namespace troupe::node {

bool is_same_life(const NodeInfo& node, const ActorAddress& address) noexcept {
  return node.id == address.node && node.epoch == address.epoch;
}

}  // namespace troupe::node
