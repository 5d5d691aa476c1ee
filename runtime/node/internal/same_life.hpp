// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a node is the one, and in the life, that a handle of an actor speaks of: what keeps a
// message to one life from ever reaching the next. In a source of its own, so that a test can see
// what happens without it.

#include "troupe/runtime/node/actor_address.hpp"
#include "troupe/runtime/node/node_info.hpp"

namespace troupe::node {

bool is_same_life(const NodeInfo& node, const ActorAddress& address) noexcept;

}  // namespace troupe::node
