// SPDX-License-Identifier: Apache-2.0
#pragma once

// A network of a test's own, for tests that cut links. For the calling process, which is to be a
// Child and to have one thread.

namespace troupe::harness {

// Leaves the machine's network for an empty one in which loopback works. False where the system
// forbids it.
bool enter_network_of_own();

// Of the network that was entered: nothing that was sent arrives while it is off.
void set_loopback(bool on);

}  // namespace troupe::harness
