// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entry: where an actor is written down under something other than its number: a name, the seat of
// a supervised child, a group. It is struck out there when the actor ends, before anybody is told.

#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <memory>

namespace troupe::actor {

// Thread-safe.
class Entry {
 public:
  Entry() = default;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  virtual ~Entry() = default;

  // The actor has ended. True: a successor is to take its place. Called once for each actor, with
  // no lock held.
  virtual bool left(const Target& target, const Exit& reason) noexcept = 0;
};

// From now on the entry is told of the actor's end. False: it has ended already.
bool enter(const Target& target, std::shared_ptr<Entry> entry);
// Not any more.
void strike_out(const Target& target, const Entry& entry) noexcept;

}  // namespace troupe::actor
