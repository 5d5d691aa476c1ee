// SPDX-License-Identifier: Apache-2.0
#pragma once

// Timer: a message that an actor sends itself later, once or again and again. A handle: copies mean
// the same timer, and dropping it changes nothing. It ends with its actor.

#include <functional>
#include <memory>
#include <utility>

namespace troupe {

namespace actor {

class TimerState;

// What a message that a timer has sent knows of it.
class TimedMessage {
 public:
  TimedMessage() = default;
  TimedMessage(const TimedMessage&) = delete;
  TimedMessage& operator=(const TimedMessage&) = delete;
  virtual ~TimedMessage() = default;

  // It is out of the mailbox, to be handled or dropped: the next turn may come.
  virtual void arrived() noexcept = 0;
  virtual bool cancelled() const noexcept = 0;
};

struct Envelope;
using WriteTimed = std::function<Envelope&(const std::shared_ptr<TimedMessage>& timer)>;

}  // namespace actor

class Timer final {
 public:
  Timer() = default;  // none

  // No message of it is delivered from now on; one that is in the mailbox is not handled.
  // Thread-safe.
  void cancel();

  // For the library.
  explicit Timer(std::shared_ptr<actor::TimerState> state) noexcept : state_(std::move(state)) {}

 private:
  std::shared_ptr<actor::TimerState> state_;
};

}  // namespace troupe
