// SPDX-License-Identifier: Apache-2.0
#pragma once

// GiveUpListener: who is to hear that asks of an actor are given up, other than the handler that
// answers one: what has passed them on.

namespace troupe::actor {

class AnswerBase;

class GiveUpListener {
 public:
  GiveUpListener() = default;
  GiveUpListener(const GiveUpListener&) = delete;
  GiveUpListener& operator=(const GiveUpListener&) = delete;
  virtual ~GiveUpListener() = default;

  // On the asker's thread. The answer, which may be any of the actor's, is there until this
  // returns; it may have come meanwhile.
  virtual void given_up(const AnswerBase& answer) noexcept = 0;
};

}  // namespace troupe::actor
