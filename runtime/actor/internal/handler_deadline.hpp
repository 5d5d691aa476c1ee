// SPDX-License-Identifier: Apache-2.0
#pragma once

// No wait in a handler outlives the deadline of the ask that caused it.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"

namespace troupe::actor {

inline Deadline within_handler(Deadline until) noexcept {
  const Cell* const self = Cell::current();
  return self != nullptr ? earlier(until, Deadline{self->deadline()}) : until;
}

}  // namespace troupe::actor
