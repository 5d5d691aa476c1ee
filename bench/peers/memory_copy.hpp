// SPDX-License-Identifier: Apache-2.0
#pragma once

// The floor of what is copied: memcpy of a message from one place to another, both touched before,
// in one process and with nothing around it.

#include "../exchange.hpp"

namespace bench::memory_copy {

double stream(const Stream& stream, const Meter& meter);

}  // namespace bench::memory_copy
