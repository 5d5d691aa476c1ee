// SPDX-License-Identifier: Apache-2.0
#pragma once

// Supervisor: keeps actors running: starts them, and starts them again when they end, each time
// with copies of the same arguments, until that happens too often. Supervisors may stand under
// supervisors. Called from any thread, and from handlers.
//
//   troupe::Supervisor supervisor{runtime, {.strategy = troupe::Strategy::one_for_all}};
//   troupe::Named<Parser> parser = supervisor.add<Parser>("parser", {}, "json"s).value();
//   parser.ask(Parse{text});  // of whichever incarnation there is then
//
// What monitors a child is told how it ended; asks that waited in its mailbox end as
// `disconnected`, and say that it was restarted; sends that waited there are dropped and counted.
//
// Children are actors of this process, actors in processes of their own (ChildOptions::placement),
// and processes that run a function: together, under the same rules.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/child_start.hpp"
#include "troupe/runtime/actor/named.hpp"
#include "troupe/runtime/actor/supervisor_options.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/stop_report.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

class Context;
class RuntimeCore;

namespace actor {

class Roster;

Result<Naming> add_child(const std::shared_ptr<Roster>& roster, std::string name,
                         const ChildOptions& options, StartChild start);
Naming child(Roster& roster, std::string_view name);

}  // namespace actor

// A supervisor under another one, which starts, restarts and stops it: the way to give it children.
// They are kept when it is restarted. A small value, copied freely; empty when made by default.
class Branch final {
 public:
  Branch() = default;

  // Starts a child, last in the order: where the started() of another has yet to return, once it
  // has; the start of several waits for each so, before the next is made. Waits for its constructor
  // to return; its started() may come later. A started() that throws is the end of a child like any
  // other. Errors: exists (a child of that name runs, or is to be restarted), failed (its
  // constructor threw: it is not a child then), closed (the supervisor has ended, or this is
  // empty), refused (from within the constructor or the started() of one of its children),
  // overloaded (too many wait to be added).
  // NOLINTBEGIN(performance-unnecessary-value-param): moved from, below
  template <class A, class... X>
  Result<Named<A>> add(std::string name, const ChildOptions& options, X... arguments) {
    static_assert(std::is_class_v<A>, "an actor is a class with handle() overloads");
    static_assert((std::copy_constructible<X> && ...), "arguments are copied for each restart");
    static_assert(std::is_constructible_v<A, X...>,
                  "the actor has no constructor for these arguments");
    if (options.placement == Placement::process && !actor::kMayBeApart<A, X...>) {
      return Error{Code::invalid_argument,
                   "add the child \"" + name +
                       "\" in a process of its own: its class needs `using Accepts = "
                       "troupe::Protocol<…>`, and its messages, replies and arguments have to be "
                       "such as can be sent to another process"};
    }
    Result<actor::Naming> added = actor::add_child(
        roster_, std::move(name), options, actor::start_with<A, X...>(std::move(arguments)...));
    if (!added) {
      return added.error();
    }
    return Named<A>{*std::move(added)};
  }
  // Starts `body` in a process, as a child: a function, a lambda without captures, or bind(…), as
  // of a Process; arguments are copied into each incarnation. Told to stop by SIGTERM. A body that
  // returns ends in order; an exit code, an error, a throw, a signal is a failure. Errors: as add;
  // failed also where the process cannot be started.
  template <class F, class... X>
  requires process::LooksLikeBody<F> Result<void> add_process(std::string name,
                                                              const ChildOptions& options, F body,
                                                              X... arguments) {
    static_assert((std::copy_constructible<X> && ...),
                  "arguments are kept for restarts: pass what can be copied, no channel ends");
    auto added = actor::add_child(roster_, std::move(name), options,
                                  actor::start_process_with(body, std::move(arguments)...));
    return added ? Result<void>{} : added.error();
  }
  // NOLINTEND(performance-unnecessary-value-param)
  // The same `count` times: "name-1", "name-2"… Errors: as add_process; those before the first that
  // fails are there.
  template <class F, class... X>
  requires process::LooksLikeBody<F> Result<void> add_workers(const std::string& name,
                                                              std::size_t count,
                                                              const ChildOptions& options, F body,
                                                              const X&... arguments) {
    for (std::size_t i = 1; i <= count; ++i) {
      if (auto added = add_process(name + "-" + std::to_string(i), options, body, arguments...);
          !added) {
        return added;
      }
    }
    return {};
  }
  // A supervisor as a child, permanent: when it gives up, it is a child that failed. Started again
  // with others, it has started when its children have. Errors: as add.
  Result<Branch> add_supervisor(std::string name, SupervisorOptions options = {});

  // Whoever is the child of that name, now or later; it need not be there yet.
  template <class P>
  Named<P> child(std::string_view name) const {
    return roster_ != nullptr ? Named<P>{actor::child(*roster_, name)} : Named<P>{};
  }
  // Calls done(exit), on an actor of its own, once each child of that name has ended for good; for
  // what add_workers made, each of them: normal, or as the first that failed; failed, too, where
  // the supervisor ends before. Never called when the runtime stops before.
  void when_done(std::string_view child, std::function<void(const Exit&)> done) const;
  // Closes the queue then, so that who takes from it sees its end; after a failure, Queue::fail.
  template <class Q>
  void close_when_done(std::string_view child, Q queue) const {
    when_done(child, [queue = std::move(queue)](const Exit& exit) {
      (void)(exit.ok() ? queue.close() : queue.fail(exit.text()));
    });
  }

  // In the order in which they were added. Those that have ended for good are among them.
  std::vector<ChildState> children() const;

 private:
  friend class Supervisor;

  explicit Branch(std::shared_ptr<actor::Roster> roster) noexcept : roster_(std::move(roster)) {}

  std::shared_ptr<actor::Roster> roster_;
};

// Move-only; its operations are thread-safe.
class Supervisor final {
 public:
  explicit Supervisor(RuntimeCore& runtime, SupervisorOptions options = {});
  // As an actor's child: ends when that does.
  explicit Supervisor(Context& parent, SupervisorOptions options = {});
  Supervisor(Supervisor&&) noexcept = default;
  Supervisor& operator=(Supervisor&& other) noexcept;
  // stop(SupervisorOptions::grace).
  ~Supervisor();

  // See Branch.
  template <class A, class... X>
  Result<Named<A>> add(std::string name, const ChildOptions& options, X... arguments) {
    return root_.add<A, X...>(std::move(name), options, std::move(arguments)...);
  }
  template <class F, class... X>
  requires process::LooksLikeBody<F> Result<void> add_process(std::string name,
                                                              const ChildOptions& options, F body,
                                                              X... arguments) {
    return root_.add_process(std::move(name), options, body, std::move(arguments)...);
  }
  template <class F, class... X>
  requires process::LooksLikeBody<F> Result<void> add_workers(const std::string& name,
                                                              std::size_t count,
                                                              const ChildOptions& options, F body,
                                                              const X&... arguments) {
    return root_.add_workers(name, count, options, body, arguments...);
  }
  Result<Branch> add_supervisor(std::string name, SupervisorOptions options = {}) {
    return root_.add_supervisor(std::move(name), std::move(options));
  }
  template <class P>
  Named<P> child(std::string_view name) const {
    return root_.child<P>(name);
  }
  void when_done(std::string_view child, std::function<void(const Exit&)> done) const {
    root_.when_done(child, std::move(done));
  }
  template <class Q>
  void close_when_done(std::string_view child, Q queue) const {
    root_.close_when_done(child, std::move(queue));
  }
  std::vector<ChildState> children() const { return root_.children(); }

  // Waits until it has ended: normal, once stopped; failed, when it gave up, and why; or until each
  // of its children, of which there is at least one, has ended for good: normal, and it goes on.
  // Errors: timed_out, cancelled, closed (moved from).
  Result<Exit> wait(Deadline until = forever);
  // Starts nothing any more, and stops the children, the last one first, each within its grace and
  // all by the deadline. Returns those that did not end; they are told to stop, but still there.
  StopReport stop(Deadline until = Deadline{std::chrono::seconds{10}});

 private:
  Branch root_;
};

}  // namespace troupe
