// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace troupe::os {

// The threads of this process now. Without /proc: 1, or 2 when there has ever been another.
std::size_t thread_count() noexcept;

}  // namespace troupe::os
