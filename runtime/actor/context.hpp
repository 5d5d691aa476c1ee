// SPDX-License-Identifier: Apache-2.0
#pragma once

// Context: an actor's view of its runtime, handed to those handlers that take one. For the actor's
// own handlers, while they run: a continuation or a timer that runs later takes with it what it
// needs (runtime(), self_as()), not a reference to this.

#include "troupe/base/deadline.hpp"
#include "troupe/base/log.hpp"
#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/footprint.hpp"
#include "troupe/runtime/actor/future.hpp"
#include "troupe/runtime/actor/ref.hpp"
#include "troupe/runtime/actor/timer.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe {

class Runtime;
struct ProcessActorOptions;

class Context final {
 public:
  explicit Context(actor::Cell& cell) noexcept : cell_(cell) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Runtime& runtime() const;
  ActorId self() const;
  // A handle to this actor. P: its class, or a Protocol that it accepts.
  template <class P>
  Ref<P> self_as() const {
    return Ref<P>{target()};
  }

  // Ends this actor once its handler returns, as Ref::stop; or as failed, which restarts it where a
  // supervisor says so, and tells who monitors it.
  void stop();
  void fail(std::string what);

  // A child: stops when this actor ends.
  template <class A, class... X>
  Ref<A> spawn(X&&... arguments);
  template <class A, class... X>
  Ref<A> spawn_with(ActorOptions options, X&&... arguments);

  // The same in a process of its own; see process_actor.hpp. Errors: as Runtime::spawn_process.
  template <class A, class... X>
  Result<Ref<A>> spawn_process(X&&... arguments);
  template <class A, class... X>
  Result<Ref<A>> spawn_process_with(const ProcessActorOptions& options, X&&... arguments);

  // Exactly one Down follows, when the actor ends or if it has; it goes to handle(Down), and to the
  // log where there is none.
  template <class A>
  void monitor(const Ref<A>& other) {
    monitor(other.target());
  }
  // No Down of it is handled from now on.
  template <class A>
  void demonitor(const Ref<A>& other) {
    demonitor(other.target());
  }
  // A monitor in both directions. Where there is no handle(Down), the end of the other that is not
  // normal ends this actor, as failed.
  template <class A>
  void link(const Ref<A>& other) {
    link(other.target());
  }

  // Sends this actor the message once the time has passed; every: again and again, leaving out a
  // turn while the one before still waits in the mailbox. A full mailbox does not stop them. `self`
  // is *this; without it the class needs its Accepts (throws Error invalid_argument where it has
  // none), but for function actors. M: copyable for every.
  template <class A, class M>
  Timer after(A& self, Duration wait, M message);
  template <class M>
  Timer after(Duration wait, M message);
  template <class A, class M>
  Timer every(A& self, Duration period, M message);
  template <class M>
  Timer every(Duration period, M message);

  // Answers the current ask later: return it from the handler and keep a copy.
  template <class R>
  Promise<R> promise() const {
    return {};
  }

  // Puts the message that is being handled aside, with the ask it may belong to; its handler
  // returns at once then, and what it returns is ignored. unstash() puts all of them back, in their
  // order, before what is in the mailbox. As many may be aside as that holds
  // (MailboxOptions::capacity and capacity_bytes). Errors: overloaded; then the message stays the
  // handler's, and its answer counts.
  template <class M>
  Result<void> stash(M&& message) {
    using Message = std::remove_cvref_t<M>;
    if (auto room = room_to_stash(actor::footprint(message)); !room) {
      return room;
    }
    bool is_question = false;
    auto* const place = static_cast<Message*>(stash_current(is_question));
    if (is_question) {
      std::construct_at(place, std::forward<M>(message));
    } else {
      actor::give_back(*place, message);
    }
    return {};
  }
  void unstash();

  // Waits; other actors run meanwhile, and messages for this one wait.
  Result<void> sleep(Duration time);
  // Runs function() on a thread that may block in the kernel, and waits for it. Throws what it
  // throws.
  template <class F>
  std::invoke_result_t<F&> blocking(F function);

  // The time at which who asked gives up; never for a send.
  Deadline deadline() const;
  // Requested when this actor is to end: its runtime stops, its parent ends, or it was told to.
  std::stop_token stop_token() const;
  // In a handler that answers an ask: requested also when who asked gives up (its deadline has
  // passed, it was cancelled, its Future is gone), so that a long one can end early; what it
  // returns then goes nowhere. A token of its own, since stop_token() may be kept for longer than
  // the handler. For a send: stop_token().
  std::stop_token ask_stop_token() const;
  Instant now() const;
  // Of the runtime: the same seed, the same numbers, in a simulation.
  std::uint64_t random();
  // Says it in the log, as this actor.
  void log(std::string_view line, LogLevel level = LogLevel::info,
           CodePlace where = CodePlace::current()) const;

  // For the library.
  actor::Cell& cell() noexcept { return cell_; }
  actor::Target target() const;

 private:
  void monitor(const actor::Target& other);
  void demonitor(const actor::Target& other);
  void link(const actor::Target& other);
  Result<void> room_to_stash(std::size_t bytes);
  void* stash_current(bool& is_question);
  template <class A, class M>
  Timer start(Duration wait, Duration period, M message);
  void check_accepts(const actor::MessageType& type) const;
  Timer start_timer(Duration wait, Duration period, actor::WriteTimed write);

  friend class actor::Cell;

  actor::Cell& cell_;
  actor::Envelope* in_work_ = nullptr;  // what its handler handles
};

namespace actor {

// A letter that a timer sends.
template <class M>
struct TimedLetter : Letter<M> {
  std::shared_ptr<TimedMessage> timer;
  bool has_arrived = false;  // it may come again: from a stash

  template <class Given>
  TimedLetter(const Operations& its, Given&& given) : Letter<M>(its, std::forward<Given>(given)) {}

  static void destroy(Envelope& envelope) noexcept {
    static_cast<TimedLetter&>(envelope).arrive();  // where it was dropped
    static_cast<TimedLetter&>(envelope).timer.reset();
    Letter<M>::destroy(envelope);
  }
  static bool wanted(Envelope& envelope) noexcept {
    auto& letter = static_cast<TimedLetter&>(envelope);
    letter.arrive();
    return !letter.timer->cancelled();
  }

 private:
  void arrive() noexcept {
    if (!std::exchange(has_arrived, true)) {
      timer->arrived();
    }
  }
};

template <class A, class M>
inline constexpr Operations kTimed{
    handle_of<A, M>(), &kMessageType<M>,       &Letter<M>::message_of,   &TimedLetter<M>::destroy,
    nullptr,           sizeof(TimedLetter<M>), footprint_of_letter<M>(), &TimedLetter<M>::wanted};

template <class A, class M, class Given>
Envelope& write_timed(Given&& message, const std::shared_ptr<TimedMessage>& timer) {
  auto& letter = write<TimedLetter<M>>(kTimed<A, M>, std::forward<Given>(message));
  letter.timer = timer;
  return letter;
}

}  // namespace actor

template <class A, class M>
Timer Context::start(Duration wait, Duration period, M message) {
  using TimerOf = const std::shared_ptr<actor::TimedMessage>&;
  if constexpr (std::is_copy_constructible_v<M>) {
    return start_timer(wait, period,
                       [message = std::move(message)](TimerOf timer) -> actor::Envelope& {
                         return actor::write_timed<A, M>(message, timer);
                       });
  } else {
    auto once = std::make_shared<M>(std::move(message));
    return start_timer(wait, period, [once = std::move(once)](TimerOf timer) -> actor::Envelope& {
      return actor::write_timed<A, M>(std::move(*once), timer);
    });
  }
}

template <class A, class M>
Timer Context::after(A& /*self*/, Duration wait, M message) {
  static_assert(actor::kAccepts<A, M>, "this actor has no handle() for exactly this type");
  return start<A>(wait, Duration::zero(), std::move(message));
}

template <class M>
Timer Context::after(Duration wait, M message) {
  check_accepts(actor::kMessageType<M>);
  return start<Protocol<void(M)>>(wait, Duration::zero(), std::move(message));
}

template <class A, class M>
Timer Context::every(A& /*self*/, Duration period, M message) {
  static_assert(actor::kAccepts<A, M>, "this actor has no handle() for exactly this type");
  static_assert(std::is_copy_constructible_v<M>, "a message that is sent again is copied");
  return start<A>(period, period, std::move(message));
}

template <class M>
Timer Context::every(Duration period, M message) {
  static_assert(std::is_copy_constructible_v<M>, "a message that is sent again is copied");
  check_accepts(actor::kMessageType<M>);
  return start<Protocol<void(M)>>(period, period, std::move(message));
}

namespace actor {

void run_blocking(RuntimeCore& runtime, const std::function<void()>& work);

template <class F>
std::invoke_result_t<F&> blocking(RuntimeCore& runtime, F function) {
  using R = std::invoke_result_t<F&>;
  std::exception_ptr thrown;
  std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> result;
  run_blocking(runtime, [&] {
    try {
      if constexpr (std::is_void_v<R>) {
        function();
      } else {
        result.emplace(function());
      }
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown != nullptr) {
    std::rethrow_exception(thrown);
  }
  if constexpr (!std::is_void_v<R>) {
    return std::move(*result);
  }
}

}  // namespace actor

RuntimeCore& runtime_of(const Context& context);

template <class F>
std::invoke_result_t<F&> Context::blocking(F function) {
  return actor::blocking(runtime_of(*this), std::move(function));
}

}  // namespace troupe
