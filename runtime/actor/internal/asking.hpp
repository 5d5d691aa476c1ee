// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asking: the asker's side of an Answer that lies in an envelope.

#include "troupe/runtime/actor/answer.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"

namespace troupe::actor {

class Asking final {
 public:
  // Before it is sent. Nobody's wait outlives that of who asked the asker.
  static void begin(AnswerBase& answer, const Cell* asker, Cell& asked, Deadline until) {
    answer.asked_ = &asked;
    answer.deadline_ = asker != nullptr ? std::min(until.when(), asker->deadline()) : until.when();
  }
  static fiber::Waiter::Outcome wait_on_fiber(AnswerBase& answer) noexcept {
    return fiber::Worker::current()->wait(answer.waiter_, Deadline{answer.deadline_});
  }
  // Before it is sent: the asker waits for the answer, and its cell says for whom.
  static void record(AnswerBase& answer, Cell* asker) noexcept {
    answer.asker_.store(asker, std::memory_order_relaxed);  // published with the envelope
  }
  // It has given up.
  static void forget(AnswerBase& answer) noexcept { answer.asker_.store(nullptr); }
  static fiber::Waiter::Outcome wait(AnswerBase& answer, RuntimeCore& runtime) {
    return answer.waiter_.wait(runtime, Deadline{answer.deadline_});
  }
};

// An ask that was never sent.
inline void discard_ask(Envelope& envelope, AnswerBase& answer) {
  envelope.operations->destroy(envelope);
  answer.release();
  answer.fail(Error{Code::cancelled, "never sent"});  // frees it: nobody waits any more
}

}  // namespace troupe::actor
