// SPDX-License-Identifier: Apache-2.0
#pragma once

// ChildStart: how a supervisor makes its children again and again: an actor of a class, here or in
// a process of its own, or a process that runs a function, each time with copies of the arguments.
// Not for users.

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/interface.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/actor/spawn.hpp"

#include <functional>
#include <memory>
#include <tuple>
#include <utility>

namespace troupe {

class RuntimeCore;

namespace actor {

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

}  // namespace troupe
