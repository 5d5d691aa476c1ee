// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ports of 127.0.0.1 for peers that are told theirs.

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

// So many different ones that nobody has now.
std::vector<std::string> free_ports(std::size_t count);

}  // namespace bench
