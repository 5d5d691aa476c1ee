// SPDX-License-Identifier: Apache-2.0
#pragma once

// Control: what the runtime tells an actor. It goes before messages, is never refused, and its
// memory is taken when the right to it comes to be (a monitor, a link, a stop), so that it cannot
// fail later.

#include <cstdint>

namespace troupe {
class Context;
}

namespace troupe::actor {

class Cell;

class Control {
 public:
  Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  virtual ~Control() = default;

  // By the actor that it is for, between two messages.
  virtual void arrive(Cell& cell, Context& context) = 0;
  // Instead, when that has ended. `cell` is where it was.
  virtual void miss(Cell& cell) = 0;
  // It has the actor end.
  virtual bool is_stop() const noexcept { return false; }

 private:
  friend class Cell;
  Control* next_ = nullptr;
  std::uint64_t target_ = 0;
};

}  // namespace troupe::actor
