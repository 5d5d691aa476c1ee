// SPDX-License-Identifier: Apache-2.0
#pragma once

// select: takes one item from the first of several sources that has one, and runs its action:
//
//   while (troupe::select(troupe::on(orders, [&](Order order) { … }),
//                         troupe::on(child, [&](troupe::Exit exit) { … }),
//                         troupe::after(1s, [&] { … }))) {}
//
// Sources: Queue (a delivery), Pipe and Connection (a message), Listener (a client), Process (its
// end), Future (its value), Stream (an item), and what specialises Selectable. An Inbox is none: it
// has receive, and wait_any takes it. wait_any only waits; here the item is also taken, from the
// one source whose action runs.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/actor/after.hpp"
#include "troupe/runtime/actor/future.hpp"
#include "troupe/runtime/actor/stream.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/process/process.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

// What a source would wait for. Readiness may be false: it is only asked again.
struct SelectWait {
  std::vector<PollItem> items;
  Deadline wake = forever;  // asked again then, too
  bool look_again = false;  // asked again at once

  void readable(int fd);
};

// How a type takes part in select. Specialise it for a source of your own:
//
//   template <> struct troupe::Selectable<Sensor> {
//     using Item = Reading;
//     // The next item, or an error in its place, or the end; nothing: there is none. Never waits.
//     static std::optional<Result<Reading>> try_take(Sensor& sensor);
//     // Readable when try_take may have something. Asked before each wait, after a try_take that
//     // had nothing, by the thread that selects.
//     static int ready_fd(Sensor& sensor);
//   };
//
// A source that waits for more than one descriptor has, instead of ready_fd,
//     static void wait_on(Sensor& sensor, SelectWait& wait);
// One that has to know how long it is selected on has
//     static Attendance attend(Sensor& sensor);
// and gets what that returns, which lives until select does, in place of itself.
template <class S>
struct Selectable;

template <class S, class F>
struct Case {
  S* source;
  F action;
};

// A case of select: action(item), or action(Result<item>), which also gets the source's errors and
// its end. An item of type void: action(). What it returns is ignored, but for a Result<void>,
// which select returns.
template <class S, class F>
Case<S, F> on(S& source, F action) {
  return {&source, std::move(action)};
}

// Waits for the first case that is ready, takes its item, and runs its action: one, once. Of
// several that are ready it begins to look at one chosen by chance (Ports::random), so that none
// starves another. The cases are on(source, action) and after(time, action), which ends the wait
// when no source had anything for so long, zero included. On a fiber others run meanwhile; the wait
// of a handler ends with the deadline of its ask. Each source is read by the calling thread, or
// actor, only. Errors: that of a source whose action takes none, such as `closed` at its end;
// timed_out (of the ask), cancelled (the runtime stops), overloaded. What an action throws goes
// through.
template <class... C>
Result<void> select(RuntimeCore& runtime, C... cases);

namespace actor {

// Where a select of `count` cases begins to look.
std::size_t first_case(RuntimeCore& runtime, std::size_t count);
// Waits for any of it, or for `after`. Ok: look again.
Result<void> wait_for_case(RuntimeCore& runtime, SelectWait& wait, Deadline after);
Result<RuntimeCore*> current_runtime_for_select();

template <class R, class F, class A>
std::type_identity<std::remove_cvref_t<A>> parameter_of(R (F::*)(A));
template <class R, class F, class A>
std::type_identity<std::remove_cvref_t<A>> parameter_of(R (F::*)(A) const);
template <class R, class A>
std::type_identity<std::remove_cvref_t<A>> parameter_of(R (*)(A));

// Whether the action takes a Result<T>, and not only what is in it. One with `auto` does not.
template <class F, class T>
constexpr bool takes_result() {
  if constexpr (requires { parameter_of(&F::operator()); }) {
    return std::same_as<typename decltype(parameter_of(&F::operator()))::type, Result<T>>;
  } else if constexpr (requires(F action) { parameter_of(action); }) {
    return std::same_as<typename decltype(parameter_of(std::declval<F>()))::type, Result<T>>;
  } else {
    return false;
  }
}

template <class F, class... Given>
Result<void> run_action(F& action, Given&&... given) {
  static_assert(std::is_invocable_v<F&, Given...>,
                "select: the action takes neither the item of its source nor a Result of it");
  if constexpr (std::same_as<std::invoke_result_t<F&, Given...>, Result<void>>) {
    return std::invoke(action, std::forward<Given>(given)...);
  } else {
    static_cast<void>(std::invoke(action, std::forward<Given>(given)...));
    return {};
  }
}

template <class T, class F>
Result<void> act(F& action, Result<T> taken) {
  if constexpr (takes_result<F, T>()) {
    return run_action(action, std::move(taken));
  } else {
    if (!taken.has_value()) {
      return taken.error();
    }
    if constexpr (std::is_void_v<T>) {
      return run_action(action);
    } else {
      return run_action(action, *std::move(taken));
    }
  }
}

template <class S>
concept Attended = requires(S& source) {
  Selectable<S>::attend(source);
};

// A case while select runs: the cases of sources that have none of their own are their own.
template <class S, class F>
struct AttendedCase {
  decltype(Selectable<S>::attend(std::declval<S&>())) source;
  F& action;
};
template <class S, class F>
Case<S, F>& attend(Case<S, F>& its) {
  return its;
}
template <Attended S, class F>
AttendedCase<S, F> attend(Case<S, F>& its) {
  return {Selectable<S>::attend(*its.source), its.action};
}
template <class F>
After<F>& attend(After<F>& its) {
  return its;
}

template <class S, class F, class Source>
std::optional<Result<void>> try_source(Source& source, F& action) {
  auto taken = Selectable<S>::try_take(source);
  if (!taken) {
    return std::nullopt;
  }
  return act<typename Selectable<S>::Item>(action, *std::move(taken));
}
template <class S, class F>
std::optional<Result<void>> try_case(Case<S, F>& its) {
  return try_source<S>(*its.source, its.action);
}
template <class S, class F>
std::optional<Result<void>> try_case(AttendedCase<S, F>& its) {
  return try_source<S>(its.source, its.action);
}
template <class F>
std::optional<Result<void>> try_case(After<F>& /*its*/) {
  return std::nullopt;
}

template <class S, class Source>
void wait_on_source(Source& source, SelectWait& wait) {
  if constexpr (requires { Selectable<S>::wait_on(source, wait); }) {
    Selectable<S>::wait_on(source, wait);
  } else {
    wait.readable(Selectable<S>::ready_fd(source));
  }
}
template <class S, class F>
void wait_on_case(Case<S, F>& its, SelectWait& wait) {
  wait_on_source<S>(*its.source, wait);
}
template <class S, class F>
void wait_on_case(AttendedCase<S, F>& its, SelectWait& wait) {
  wait_on_source<S>(its.source, wait);
}
template <class F>
void wait_on_case(After<F>& /*its*/, SelectWait& /*wait*/) {}

// When, and that case's number.
struct FirstAfter {
  Deadline when = forever;
  std::size_t number = 0;

  template <class C>
  void consider(const C& its, std::size_t its_number) {
    if constexpr (kIsAfter<C>) {
      const Deadline deadline{its.wait};
      if (deadline.when() < when.when()) {
        when = deadline;
        number = its_number;
      }
    }
  }
};

template <class F>
Result<void> run_after(After<F>& its) {
  return run_action(its.action);
}
template <class C>
Result<void> run_after(C& /*its*/) {
  return {};
}

template <class... C>
Result<void> wait_for_cases(RuntimeCore& runtime, Deadline after, C&... cases) {
  try {
    SelectWait wait;
    (wait_on_case(cases, wait), ...);
    return wait_for_case(runtime, wait, after);
  } catch (const Error& error) {
    return error;  // there was no descriptor left for a ready_fd
  }
}

template <class... C>
Result<void> select_of(RuntimeCore& runtime, C&&... cases) {
  constexpr std::size_t kCount = sizeof...(C);
  FirstAfter after;
  std::size_t number = 0;
  (after.consider(cases, number++), ...);
  const std::size_t first = first_case(runtime, kCount);
  std::optional<Result<void>> done;
  const auto try_one = [&](std::size_t wanted) {
    std::size_t at = 0;
    ((at++ == wanted ? static_cast<void>(done = try_case(cases)) : void()), ...);
  };
  for (;;) {
    for (std::size_t i = 0; i < kCount; ++i) {
      try_one((first + i) % kCount);
      if (done) {
        return *std::move(done);
      }
    }
    if (after.when.passed()) {
      std::size_t at = 0;
      Result<void> result;
      ((at++ == after.number ? static_cast<void>(result = run_after(cases)) : void()), ...);
      return result;
    }
    if (auto waited = wait_for_cases(runtime, after.when, cases...); !waited) {
      return waited;
    }
  }
}

}  // namespace actor

template <class... C>
Result<void> select(RuntimeCore& runtime, C... cases) {
  static_assert(sizeof...(C) > 0, "select needs a case: on(source, action) or after(time, action)");
  return actor::select_of(runtime, actor::attend(cases)...);
}

// In the thread's current runtime. Errors also: invalid_argument (it has none).
template <class First, class... C>
requires(!std::derived_from<First, RuntimeCore>) Result<void> select(First first, C... cases) {
  const auto runtime = actor::current_runtime_for_select();
  if (!runtime) {
    return runtime.error();
  }
  return select(**runtime, std::move(first), std::move(cases)...);
}

// ---- the sources that there are ----------------------------------------------------------------

// Its messages; it counts as receiving.
template <>
struct Selectable<Connection> {
  using Item = Bytes;
  static std::optional<Result<Bytes>> try_take(Connection& connection) {
    if (!connection.ready()) {
      return std::nullopt;
    }
    return connection.receive_bytes(Deadline::at_once());
  }
  static int ready_fd(Connection& connection) { return connection.ready_fd(); }
};

template <class Out, class In>
requires(!std::is_void_v<In>) struct Selectable<Pipe<Out, In>> {
  using Item = In;
  static std::optional<Result<In>> try_take(Pipe<Out, In>& pipe) {
    if (!pipe.connection().ready()) {
      return std::nullopt;
    }
    return pipe.receive(Deadline::at_once());
  }
  static int ready_fd(Pipe<Out, In>& pipe) { return pipe.ready_fd(); }
};

// Clients that have proven the key.
template <>
struct Selectable<Listener> {
  using Item = Connection;
  static std::optional<Result<Connection>> try_take(Listener& listener) {
    auto accepted = listener.accept(Deadline::at_once());
    if (!accepted && accepted.error() == Code::timed_out) {
      return std::nullopt;
    }
    return accepted;
  }
  static void wait_on(Listener& listener, SelectWait& wait) {
    wait.look_again |= !listener.waits_on(wait.items, wait.wake);
  }
};

// How it ended; a process that has ended is ready again and again.
template <>
struct Selectable<Process> {
  using Item = Exit;
  static std::optional<Result<Exit>> try_take(Process& process) {
    auto exit = process.join(Deadline::at_once());
    if (!exit && exit.error() == Code::timed_out) {
      return std::nullopt;
    }
    return exit;
  }
  static int ready_fd(Process& process) { return process.ready_fd(); }
};

// Its value, which leaves it empty: `closed` from then on.
template <class T>
struct Selectable<Future<T>> {
  using Item = T;
  static std::optional<Result<T>> try_take(Future<T>& future) {
    if (!future.is_empty() && !future.ready()) {
      return std::nullopt;
    }
    return future.get(Deadline::at_once());
  }
  static int ready_fd(Future<T>& future) { return future.ready_fd(); }
};

template <class T>
struct Selectable<Stream<T>> {
  using Item = T;
  static std::optional<Result<T>> try_take(Stream<T>& stream) { return stream.try_next(); }
  static int ready_fd(Stream<T>& stream) { return stream.ready_fd(); }
};

}  // namespace troupe
