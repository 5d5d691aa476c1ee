// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that a process holds while it starts others.

#include <cstddef>

namespace bench {

// Touches memory until this process holds `bytes`. Throws std::system_error.
void hold(std::size_t bytes);

}  // namespace bench
