// SPDX-License-Identifier: Apache-2.0
#pragma once

// Process actors: an actor in a process of its own, behind the same Ref as any other: sends, asks,
// monitors, links and supervisors work alike. What Runtime::spawn_process and
// Context::spawn_process come down to.
//
//   auto account = runtime.spawn_process<Account>(100).value();   // Ref<Account>
//   account.ask(Deposit{5});
//
// The class says `using Accepts = Protocol<…>`: these messages, and their replies, can cross. Its
// constructor runs in the new process, with copies of the arguments, which are messages too. There,
// the actor is the only one at first, on a Runtime like that of main; it may spawn others.
//
// A crash of the process (a bad pointer, an abort, kill -9) is one Down here: killed, with the
// signal, where the handler was, and the last lines that the process wrote to its error output,
// which is passed on to this process's. Asks that wait are told: disconnected, Effect::unknown.
// The process ends with its actor, and with this program; told to stop, it has
// ProcessActorOptions::grace before it is killed, or less, where its supervisor or the runtime has
// to stop earlier.
//
// An asker that gives up, and a stop, are heard of there: Context::ask_stop_token, stop_token. A
// handler that computes for long should do so in Context::blocking, or wait now and then: on its
// worker nothing else goes on meanwhile, and the link may be read there.
//
// In this process stands a mailbox for it, as MailboxOptions say; of its messages at most a window
// (256, and 4 MiB or the mailbox's bounds) are on their way or with the other process at a time. A
// message that cannot be encoded, or that was on its way when the process ended, is counted
// (troupe_messages_dropped_total, cause lost_on_link).

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/process/process.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace troupe {

struct ProcessActorOptions {
  std::string name{};  // for people; the process is called so, too
  MailboxOptions mailbox{};
  // Between being told to stop and SIGKILL.
  Duration grace = std::chrono::seconds{5};
  StartMethod start = StartMethod::automatic;
  Address over = "shm:";  // what its messages cross: shm: or unix:
};

namespace actor {

class Remote;
class RemoteLink;

// As many messages may be on their way to a process actor or with it at once, and as many bytes of
// them.
struct Window {
  std::uint32_t messages = 256;
  std::uint64_t bytes = std::uint64_t{4} << 20U;
};

// What the new process is given.
struct HostedActor {
  Connection link;
  UniqueFd error_output;  // becomes the process's
  std::string name;
  Window window;
};

// The life of a process actor in its process: has `make` spawn it with the options, hands messages
// and replies over until it has ended, and says how. Errors: failed, with what it ended of.
Result<void> host(RuntimeCore& runtime, HostedActor hosted, RemoteMessages messages,
                  const std::function<Target(const ActorOptions& options)>& make);

// As what an argument crosses.
template <class X>
using Crossing =
    std::conditional_t<std::is_same_v<std::decay_t<X>, const char*>, std::string, std::decay_t<X>>;

template <class A, class... X>
Result<void> process_actor_body(HostedActor hosted, X... arguments) {
  RuntimeCore& runtime = *RuntimeCore::current();
  return host(runtime, std::move(hosted), remote_messages<A>(), [&](const ActorOptions& options) {
    return spawn<A>(runtime, &options, nullptr, std::move(arguments)...);
  });
}

// What stands for the process actor here: sends its messages on.
class Proxy final {
 public:
  explicit Proxy(std::shared_ptr<RemoteLink> link) noexcept;
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  void started(Context& context);

 private:
  std::shared_ptr<RemoteLink> link_;
};

template <class A>
constexpr ActorType describe_proxy() {
  ActorType type = describe_actor<Proxy>();
  type.name = reflect::short_type_name<A>();
  type.reads = true;
  if constexpr (kMayBeApart<A>) {
    type.remote = remote_messages<A>();
  }
  return type;
}
template <class A>
inline constexpr ActorType kProxyType = describe_proxy<A>();

// Both ends of what a process actor and its proxy are connected by.
struct RemoteEnds {
  Connection here;
  UniqueFd error_output;  // to be read
  HostedActor there;
};
// Errors: invalid_argument, overloaded, system.
Result<RemoteEnds> make_remote_ends(RuntimeCore& runtime, const ProcessActorOptions& options,
                                    std::string_view class_name);
std::shared_ptr<RemoteLink> make_remote_link(RuntimeCore& runtime, Process process, RemoteEnds ends,
                                             RemoteMessages messages, Duration grace);
// Of a process that takes no messages: it is told to stop by SIGTERM.
std::shared_ptr<RemoteLink> make_remote_link(RuntimeCore& runtime, Process process, Duration grace);

std::shared_ptr<Remote> make_remote(const std::shared_ptr<RemoteLink>& link);
Result<void> signal_process(const Target& target, int number);

template <class A, class... X>
Result<std::shared_ptr<RemoteLink>> start_process_actor(RuntimeCore& runtime,
                                                        const ProcessActorOptions& options,
                                                        X... arguments) {
  static_assert(std::is_class_v<A>, "an actor is a class with handle() overloads");
  static_assert(kListsMessages<A>,
                "an actor in a process of its own needs a line such as\n"
                "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  static_assert(kCanBeMadeFrom<A, X...>, "the actor has no constructor for these arguments");
  auto ends = make_remote_ends(runtime, options, reflect::short_type_name<A>());
  if (!ends) {
    return ends.error();
  }
  ProcessOptions its;
  its.name = ends->there.name;
  its.start = options.start;
  its.grace = Duration::zero();  // by then it has had its own
  auto process = Process::start(runtime, std::move(its), &process_actor_body<A, X...>,
                                std::move(ends->there), std::move(arguments)...);
  if (!process) {
    return process.error();
  }
  return make_remote_link(runtime, *std::move(process), *std::move(ends), remote_messages<A>(),
                          options.grace);
}

template <class A, class... X>
Result<Ref<A>> spawn_process(RuntimeCore& runtime, Cell* parent, const ProcessActorOptions& options,
                             X&&... arguments) {
  auto link =
      start_process_actor<A, Crossing<X>...>(runtime, options, std::forward<X>(arguments)...);
  if (!link) {
    return link.error();
  }
  ActorOptions its;
  its.name = options.name;
  its.mailbox = options.mailbox;
  Spawning spawning{runtime, kProxyType<A>, &its, parent};
  spawning.reach(make_remote(*link));
  ::new (spawning.memory()) Proxy(*std::move(link));
  return Ref<A>{spawning.ready()};
}

}  // namespace actor

template <class A, class... X>
Result<Ref<A>> Context::spawn_process(X&&... arguments) {
  return actor::spawn_process<A>(runtime_of(*this), &cell_, {}, std::forward<X>(arguments)...);
}

template <class A, class... X>
Result<Ref<A>> Context::spawn_process_with(const ProcessActorOptions& options, X&&... arguments) {
  return actor::spawn_process<A>(runtime_of(*this), &cell_, options, std::forward<X>(arguments)...);
}

}  // namespace troupe
