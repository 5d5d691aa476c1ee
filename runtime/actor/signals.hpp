// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signals: signals of this process as values, to wait for or to have delivered to actors:
//
//   troupe::Signals signals{runtime, {SIGHUP, SIGUSR1}};
//   signals.deliver_to(config);                       // handle(troupe::Signal)
//   while (auto signal = signals.wait()) reload(signal->number);
//
// While the object lives, its signals have no other effect than to call the handler that the
// program may have had for them; when the last one that wants a number is gone, what was there is
// back. Any number of them, in any number of runtimes: each gets every signal. See
// docs/architecture.md#signals.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/ref.hpp"
#include "troupe/runtime/actor/select.hpp"
#include "troupe/runtime/process/signal.hpp"

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>

namespace troupe {

class RuntimeCore;

namespace process {
class PendingSignals;
}  // namespace process

namespace actor {

class SignalDelivery;

// A letter that is of a number, and says what came until it is read.
struct SignalLetter : Letter<Signal> {
  std::shared_ptr<process::PendingSignals> pending;

  using Letter::Letter;

  static void destroy(Envelope& envelope) noexcept;
  static bool wanted(Envelope& envelope) noexcept;
};

template <class P>
inline constexpr Operations kSignal{handle_of<P, Signal>(),
                                    &kMessageType<Signal>,
                                    &SignalLetter::message_of,
                                    &SignalLetter::destroy,
                                    nullptr,
                                    sizeof(SignalLetter),
                                    nullptr,
                                    &SignalLetter::wanted};

using WriteSignal = SignalLetter& (*)(const Signal& signal);

template <class P>
SignalLetter& write_signal(const Signal& signal) {
  return write<SignalLetter>(kSignal<P>, signal);
}

}  // namespace actor

// Move-only. wait, try_take and ready_fd are one thread's, or one actor's, at a time; deliver_to is
// any thread's.
class Signals final {
 public:
  Signals() noexcept;  // empty: any use is `closed`
  // Throws Error: invalid_argument (there is no such signal), refused (SIGKILL, SIGSTOP, and the
  // faults of a thread such as SIGSEGV: the text says why), system.
  Signals(RuntimeCore& runtime, std::initializer_list<int> numbers);
  Signals(RuntimeCore& runtime, std::span<const int> numbers);
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&& other) noexcept;
  ~Signals();

  // The next signal; suspends a fiber, blocks a thread. Of several numbers the lowest comes first;
  // those of one number that came meanwhile are one Signal, which counts them. Errors: timed_out,
  // cancelled, closed.
  Result<Signal> wait(Deadline until = forever);
  // Whatever is there. Nothing: there is none.
  std::optional<Signal> try_take();
  // Readable while a signal waits (now and then once more, when it was taken just as it came). For
  // wait_any and for loops of others. -1 when empty.
  int ready_fd() const noexcept;

  // Sends each signal from now on to the actor too, until that ends or this object does; once,
  // however often this is called. In its mailbox is one of each number at most, which counts those
  // that came before it is handled; a full mailbox does not stop it. Throws Error (closed: an empty
  // handle; system).
  template <class P>
  void deliver_to(const Ref<P>& actor) {
    static_assert(actor::kAccepts<P, Signal>,
                  "Signals::deliver_to(Ref<P>): the actor P has no handle(troupe::Signal)");
    if constexpr (actor::accepts<P, Signal>()) {
      deliver_to(actor.target(), &actor::write_signal<P>);
    }
  }

 private:
  struct State;

  void deliver_to(const actor::Target& target, actor::WriteSignal write);

  std::unique_ptr<State> state_;
};

template <>
struct Selectable<Signals> {
  using Item = Signal;
  static std::optional<Result<Signal>> try_take(Signals& signals) {
    if (signals.ready_fd() < 0) {
      return Result<Signal>{signals.wait(Deadline::at_once())};
    }
    if (auto signal = signals.try_take()) {
      return Result<Signal>{*signal};
    }
    return std::nullopt;
  }
  static int ready_fd(Signals& signals) { return signals.ready_fd(); }
};

}  // namespace troupe
