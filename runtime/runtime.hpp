// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runtime: what everything that waits, talks or starts something belongs to. A program makes one in
// the first line of main:
//
//   int main(int argc, char** argv) {
//     troupe::Runtime runtime{argc, argv};
//
// There the zygote is forked, before any thread exists and anything is opened; in a child process
// that line becomes the child's life, and main goes no further. A library or a test makes
// `Runtime{options}` wherever it likes, also beside others.
//
// Thread-safe, but for construction and destruction, which are the same thread's; that thread's
// runtimes end in the reverse of the order they began in. Nothing that was made with it is used
// after its end.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/group.hpp"
#include "troupe/runtime/actor/inbox.hpp"
#include "troupe/runtime/actor/named.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/stats.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/finalizers.hpp"
#include "troupe/runtime/node/node.hpp"
#include "troupe/runtime/process/leak_report.hpp"
#include "troupe/runtime/process/stop_report.hpp"
#include "troupe/runtime/program_arguments.hpp"
#include "troupe/runtime/runtime_options.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe {

namespace process {
class ProcessHost;
class TerminationWatch;
}  // namespace process
namespace node {
class Reporter;
}

class Runtime final : public RuntimeCore {
 public:
  // In a child this does not return. Takes --troupe-role and --troupe-base out of the arguments.
  // Throws Error: system; exists, refused, not_found, invalid_argument of RuntimeOptions::metrics;
  // invalid_argument (of --troupe-…, and TROUPE_BASE).
  Runtime(int& argc, char** argv, const RuntimeOptions& options = {});
  // Embedded: makes no zygote, looks at no arguments. Processes are started from the zygote of
  // another Runtime, or by exec. Throws Error as above.
  explicit Runtime(const RuntimeOptions& options);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  // stop(RuntimeOptions::stop_grace). In a copy that fork() has made it does nothing.
  ~Runtime();

  // Requests a stop, then ends what runs: its processes are terminated, given their grace until the
  // deadline, and killed. Returns who had to be. Once stopped, a runtime stays so.
  StopReport stop(Deadline until = Deadline{std::chrono::seconds{10}});

  const std::string& name() const noexcept { return name_; }

  // One program that is all the parts of a system: runs the role that --troupe-role says, or else
  // TROUPE_ROLE, on the calling thread, and stops this runtime when it returns. SIGTERM and SIGINT
  // stop it, too: actors have half of RuntimeOptions::stop_grace to finish what was begun, then
  // what the role waits for is `cancelled`. Returns the program's status: 0; 75 (EX_TEMPFAIL) for
  // an error that another start may not meet; 78 (EX_CONFIG) for one that it will: refused,
  // invalid_argument, malformed, failed (also an exception), and where there is no such role. The
  // log has the error.
  using Role = std::function<Result<void>(Runtime& runtime)>;
  int run(const std::map<std::string, Role>& roles);
  // Waits until this runtime is to stop: for a role that only its actors serve. Errors: timed_out.
  Result<void> wait_for_stop(Deadline until = forever);

  // Where what has that name lives: name under --troupe-base, else TROUPE_BASE, else
  // RuntimeOptions::base; shm://name where nobody says. Of an empty name: an address that does not
  // parse.
  Address address(std::string_view name) const;

  // Has `function` run when this runtime is stopped or destroyed, in this process: the highest
  // priority first, the newest first within one. From 0 on before anything is stopped, so that it
  // can still talk (unless a stop was requested already); below 0 when actors and processes have
  // ended. Not at std::exit, nor in a copy that fork() makes. What it throws is logged as an error.
  Finalizer at_exit(int priority, std::function<void()> function);

  // What is open now. What is still open at the end outlives the runtime, which is an error of the
  // program: each is logged as a warning, with its address.
  LeakReport leaks() const;

  // ---- actors ----
  // An actor of class A, made from the arguments; it runs on the workers of this runtime. Cannot
  // fail: one whose constructor throws has ended as failed.
  template <class A, class... X>
  Ref<A> spawn(X&&... arguments) {
    return Ref<A>{actor::spawn<A>(*this, nullptr, nullptr, std::forward<X>(arguments)...)};
  }
  template <class A, class... X>
  Ref<A> spawn_with(const ActorOptions& options, X&&... arguments) {
    return Ref<A>{actor::spawn<A>(*this, &options, nullptr, std::forward<X>(arguments)...)};
  }
  // An actor of class A in a process of its own; see process_actor.hpp. Waits until the process is
  // set up, which takes a zygote less than 1 ms; the constructor runs then, and where it throws the
  // actor has ended as failed. Errors: those of Process::start; overloaded and system (its link).
  template <class A, class... X>
  Result<Ref<A>> spawn_process(X&&... arguments) {
    return actor::spawn_process<A>(*this, nullptr, {}, std::forward<X>(arguments)...);
  }
  template <class A, class... X>
  Result<Ref<A>> spawn_process_with(const ProcessActorOptions& options, X&&... arguments) {
    return actor::spawn_process<A>(*this, nullptr, options, std::forward<X>(arguments)...);
  }
  // Sends a signal to the process of an actor that was put in one of its own, here or by a
  // supervisor. What that process has no Signals for does there what the system does with it:
  // SIGUSR1, for example, ends it. Errors: refused (an actor of this process), closed (it has
  // ended), invalid_argument (there is no such signal), system.
  template <class A>
  Result<void> signal(const Ref<A>& actor, int number) {
    return actor::signal_process(actor.target(), number);
  }
  // An actor that a function is: body(Inbox<P>&, arguments...), which reads the messages of the
  // protocol P. It ends when that returns.
  template <class P, class F, class... X>
  Ref<P> spawn_function(F body, X... arguments) {
    using A = actor::FunctionActor<P, F, X...>;
    return Ref<P>{
        actor::spawn<A>(*this, nullptr, nullptr, std::move(body), std::move(arguments)...)};
  }
  template <class P, class F, class... X>
  Ref<P> spawn_function_with(const ActorOptions& options, F body, X... arguments) {
    using A = actor::FunctionActor<P, F, X...>;
    return Ref<P>{
        actor::spawn<A>(*this, &options, nullptr, std::move(body), std::move(arguments)...)};
  }

  // ---- names and groups ----
  // The actor has this name until it ends. An actor may have several. Errors: exists (another one
  // that lives has it), closed (the actor has ended), invalid_argument (an empty name).
  template <class A>
  Result<void> register_name(std::string_view name, const Ref<A>& actor) {
    return actor::register_name(*this, name, actor.target(), actor::kInterface<A>);
  }
  // Whoever has the name, each time it is used; nobody need have it yet.
  template <class P>
  Named<P> named(std::string_view name) {
    return Named<P>{actor::name(*this, name)};
  }
  // Waits until somebody has the name. Errors: timed_out, cancelled, refused (who has it does not
  // cover P).
  template <class P>
  Result<Named<P>> find(std::string_view name, Deadline until = Deadline{std::chrono::seconds{5}}) {
    actor::Naming naming = actor::name(*this, name);
    if (auto found = actor::await_holder(naming, actor::kInterface<P>, until); !found) {
      return found.error();
    }
    return Named<P>{std::move(naming)};
  }
  // The group of that name.
  template <class P>
  Group<P> group(std::string_view name) {
    return Group<P>{actor::group(*this, name)};
  }

  // ---- nodes ----
  // Lets other nodes connect to this one, at an address of unix:, tcp://, tls:// or shm:, who prove
  // the key. Returns where it listens. Errors: those of Listener::create.
  Result<Address> listen(const Address& address, const ConnectOptions& options = {});
  // The node that listens there; one link serves all that is done with it, both ways. It is over
  // shared memory where the node is a process of this host and user, unless the address says
  // ?shm=off. Errors:
  // not_found (nobody listens), refused (the key; no node; another version of the protocol),
  // timed_out, invalid_argument, cancelled.
  Result<Node> connect(const Address& address, const ConnectOptions& options = {},
                       Deadline until = Deadline{std::chrono::seconds{10}});
  // Lets other nodes have actors of these classes spawned here, made from no arguments, or from
  // those that the class says: using Arguments = std::tuple<std::string, int>;
  template <class... A>
  void offer() {
    (node::offer<A>(*this), ...);
  }

  // Runs function() on a thread that may block in the kernel; on a fiber, others run meanwhile.
  template <class F>
  std::invoke_result_t<F&> blocking(F function) {
    return actor::blocking(*this, std::move(function));
  }

  // What the actors do, and counts since the start.
  Stats stats() const;
  // The same for OpenMetrics scrapers; docs/metrics.md names each.
  std::string open_metrics() const;
  // What /readyz says: 200 once it is true, and no stop was requested; 503 before.
  void set_ready(bool ready) noexcept;
  // RuntimeOptions::metrics with the port that was chosen; empty where nothing is served.
  Address metrics_address() const;

  // ---- own_threads = false ----
  // Runs what there is to be run on the calling thread, without waiting; returns how many turns of
  // actors that was.
  std::size_t poll_once();
  // Readable when poll_once() has something to do. Throws Error (overloaded, system).
  int fd();

  // The calling thread's: that which was made on it last, or a Scope says. Null when there is none.
  static Runtime* current() noexcept;
  using Scope = RuntimeCore::Scope;

 private:
  struct Beginning {
    std::shared_ptr<process::ProcessHost> host;
    ProgramArguments arguments;
    bool is_embedded;
  };

  Runtime(const Beginning& beginning, const RuntimeOptions& options);

  static Beginning enter(int& argc, char** argv, const RuntimeOptions& options);

  const std::string name_;
  const Duration stop_grace_;
  const bool own_threads_;
  const bool is_embedded_;
  const std::string role_;
  const Address base_;
  const std::shared_ptr<Finalizers> finalizers_ = std::make_shared<Finalizers>();
  std::unique_ptr<process::TerminationWatch> termination_;
  std::unique_ptr<node::Reporter> reporter_;
  std::optional<Scope> scope_;
};

}  // namespace troupe
