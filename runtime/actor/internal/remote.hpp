// SPDX-License-Identifier: Apache-2.0
#pragma once

// Remote: what the place of an actor that is somewhere else reaches it by. Kept in the extras of
// the cell where its proxy stands. Thread-safe.

#include "troupe/base/result.hpp"

namespace troupe::actor {

class AnswerBase;
class Cell;

class Remote {
 public:
  Remote() = default;
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;
  virtual ~Remote() = default;

  // An ask of `cell` is given up. The answer, which may have come, or be of an actor that was there
  // before, is there until this returns.
  virtual void given_up(Cell& cell, const AnswerBase& answer) noexcept = 0;
  // Errors: as Process::signal.
  virtual Result<void> signal(int number) = 0;
};

}  // namespace troupe::actor
