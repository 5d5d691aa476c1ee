// SPDX-License-Identifier: Apache-2.0
#pragma once

// StandIn: what stands in this process for an actor of another node: an ordinary actor, whose
// messages go there. So mailboxes, policies, monitors, links, names and groups are those of any
// actor, and none of them knows of nodes. For runtime/node; not for users.

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <memory>
#include <string>

namespace troupe {
class RuntimeCore;
}

namespace troupe::actor {

// The way to the actor that a StandIn stands for. Called by that, one call at a time.
class Elsewhere {
 public:
  Elsewhere() = default;
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;
  virtual ~Elsewhere() = default;

  // Sends the message on; waits, on the fiber, while the other side takes no more. `answer` (null:
  // a send) gets the reply, or why there will be none; before the message leaves, let_go_of is
  // called.
  virtual void forward(Envelope& envelope, AnswerBase* answer) = 0;
  // Has the actor there told to stop.
  virtual void stop(const Exit& reason) = 0;
};

// The message of an ask has been read: from now on its envelope is the asker's, who no longer waits
// for the stand-in.
void let_go_of(Envelope& envelope, AnswerBase& answer) noexcept;
// For people: "StandIn "17.3 on hosta"".
std::string text_of(const Target& target);
// A message that does not go there: is counted, and logged once. It stays the caller's.
void count_lost(const Target& stand_in, const Error& why);

Target spawn_stand_in(RuntimeCore& runtime, std::shared_ptr<Elsewhere> way,
                      const ActorOptions& options);
// The actor there has ended, or the way to it: who watches the stand-in hears so.
void end_stand_in(const Target& stand_in, Exit reason);

}  // namespace troupe::actor
