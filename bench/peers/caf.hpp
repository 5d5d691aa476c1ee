// SPDX-License-Identifier: Apache-2.0
#pragma once

// The C++ Actor Framework, Debian's libcaf-dev: event-based actors made of functions, as its own
// examples have them, with the default configuration, whose work-stealing scheduler has a thread a
// CPU, and four at least. Its headers take seconds to compile: they stay in
// caf.cpp and caf_bounded_buffer.cpp.

#include "../actors.hpp"

namespace bench::caf_peer {

ActorSide actors();

double bounded_buffer(const Effort& effort);  // caf_bounded_buffer.cpp

}  // namespace bench::caf_peer
