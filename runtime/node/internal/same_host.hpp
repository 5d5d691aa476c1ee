// SPDX-License-Identifier: Apache-2.0
#pragma once

// What two nodes that are processes of one host and user find each other by, to link over shared
// memory whatever they have dialed. Part of the wire format: docs/wire-protocol.md#node-links.

#include "troupe/transports/address.hpp"

#include <string_view>

namespace troupe::node {

// Whether one that is reached over that address may be reached over shared memory, too: not where
// it says ?shm=off.
bool may_go_near(const Address& over);

// Whether it may be what shm: calls a listener that has not chosen a name.
bool is_near_name(std::string_view name);

}  // namespace troupe::node
