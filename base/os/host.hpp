// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace troupe::os {

// The machine since it was started; empty where the system does not tell.
std::string boot_id();

// What processes of one host and user have in common: the machine since it was started, the network
// as this process sees it, and the user. Empty where the system does not tell. Part of the wire
// format: docs/wire-protocol.md.
std::string this_host();

}  // namespace troupe::os
