// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors.hpp"

namespace bench {

double our_bounded_buffer(const Effort& effort);  // our_bounded_buffer.cpp; see ActorSide

}  // namespace bench
