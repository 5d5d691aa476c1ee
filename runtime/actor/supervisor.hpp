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
#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/named.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/stop_report.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

class Context;
class RuntimeCore;

// Who is stopped and started again when a child is.
enum class Strategy : std::uint8_t {
  one_for_one,   // it alone
  one_for_all,   // all children
  rest_for_one,  // it, and those that were added after it
};

// When a child is started again.
enum class Restart : std::uint8_t {
  permanent,  // whenever it ends
  transient,  // when it fails
  temporary,  // never; nor after it was stopped because of another
};

struct SupervisorOptions {
  std::string name{};  // for logs and reports
  Strategy strategy = Strategy::one_for_one;
  // So many restarts within so long are borne. At one more the supervisor gives up: it stops its
  // children and ends as failed. One for all counts once.
  int restarts = 3;
  Duration within = std::chrono::seconds{10};
  // A child is started again after backoff_first, and each time after twice as long, but no longer
  // than backoff_most; after backoff_first again once it has run for `within`.
  Duration backoff_first = std::chrono::milliseconds{50};
  Duration backoff_most = std::chrono::seconds{5};
  // How long its destructor, or the supervisor above it, waits for it to stop its children.
  Duration grace = std::chrono::seconds{10};
};

struct ChildOptions {
  Restart restart = Restart::permanent;
  Placement placement = Placement::worker;
  // How long it may take to end when it is stopped. A process is killed then. An actor of this
  // process cannot be: one that takes longer is left alone, logged, and named in the StopReport;
  // where it is to be started again, its successor starts beside it.
  Duration grace = std::chrono::seconds{5};
  MailboxOptions mailbox{};
};

struct ChildState {
  std::string name;
  bool running = false;
  int restarts = 0;            // of the child itself, whatever the reason
  std::optional<Exit> last{};  // how it ended the last time
};

namespace actor {

class Roster;

struct Started {
  Target target;
  bool made = false;    // false: the constructor threw; then `target` ends as failed
  bool starts = false;  // it has a started(), and says when that has returned
};
// One incarnation.
struct ChildStart {
  ActorOptions options;
  Duration grace{};
  std::shared_ptr<Seat> seat;
  int restarts = 0;
};
using StartChild = std::function<Started(Cell& supervisor, const ChildStart& its)>;

RuntimeCore& runtime_of(Cell& cell);
Result<Naming> add_child(const std::shared_ptr<Roster>& roster, std::string name,
                         const ChildOptions& options, StartChild start);
Naming child(Roster& roster, std::string_view name);

// A child that `begin` starts in a process; where it cannot, as one whose constructor throws.
Started start_apart(Cell& supervisor, const ChildStart& its, const ActorType& type,
                    const Interface& interface,
                    const std::function<Result<std::shared_ptr<RemoteLink>>()>& begin);
ProcessActorOptions options_apart(const ChildStart& its);
ProcessOptions process_options(const ChildStart& its);

// Arguments are copied into the child each time.
template <class A, class... X>
StartChild start_with(X... arguments) {
  return [arguments = std::tuple<X...>{std::move(arguments)...}](Cell& supervisor,
                                                                 const ChildStart& its) -> Started {
    if constexpr (kMayBeApart<A, X...>) {
      if (its.options.placement == Placement::process) {
        return start_apart(supervisor, its, kProxyType<A>, kInterface<A>, [&] {
          return std::apply(
              [&](const X&... each) {
                return start_process_actor<A, X...>(runtime_of(supervisor), options_apart(its),
                                                    X(each)...);
              },
              arguments);
        });
      }
    }
    Spawning spawning{runtime_of(supervisor), kActorType<A>, &its.options, &supervisor};
    spawning.supervise(its.seat, kInterface<A>, its.restarts);
    try {
      std::apply([&](const X&... each) { ::new (spawning.memory()) A(X(each)...); }, arguments);
    } catch (...) {
      return {spawning.failed(), false, false};
    }
    return {spawning.ready(), true, kActorType<A>.started != nullptr};
  };
}

// A process that runs a function, as a child.
struct SupervisedProcess final {};

template <class F, class... X>
StartChild start_process_with(F body, X... arguments) {
  return [body, arguments = std::tuple<X...>{std::move(arguments)...}](
             Cell& supervisor, const ChildStart& its) -> Started {
    RuntimeCore& runtime = runtime_of(supervisor);
    return start_apart(
        supervisor, its, kProxyType<SupervisedProcess>, kInterface<Protocol<>>,
        [&]() -> Result<std::shared_ptr<RemoteLink>> {
          auto process = std::apply(
              [&](const X&... each) {
                return Process::start(runtime, process_options(its), body, X(each)...);
              },
              arguments);
          if (!process) {
            return process.error();
          }
          return make_remote_link(runtime, *std::move(process), options_apart(its).grace);
        });
  };
}

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
