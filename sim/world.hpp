// SPDX-License-Identifier: Apache-2.0
#pragma once

// World: nodes of actors under a seed, on one thread and in virtual time. Which actor runs next,
// how long a message takes, when a kill strikes: the seed says. The same seed gives the same run,
// and the same trace byte for byte; so what a test finds once can be looked at again.
//
//   troupe::sim::World world{17};
//   troupe::Runtime& bank = world.node("bank");
//   auto account = bank.spawn<Account>();
//   account.ask(Deposit{10}).value();       // a wait outside of actors drives the world
//   world.run_for(1h);                      // takes no time
//
// It is for what stays in the process: actors, timers, asks, futures, supervisors; for nodes that
// are linked: `world.node("desk").connect("sim:bank")`, where bank listens at "sim:", is the link
// that it would be over tcp; and for queues: Queue<T>::create(bank, "sim:bank/jobs"), which others
// open. A node that gives handles away is to listen. A run repeats only
// if its actors themselves do: use Context::random and Context::now, durations and not time points
// of std::chrono::steady_clock, and no order of addresses.
//
// What is not simulated: processes and what has descriptors of the outside (other connections,
// pipes, signals). They stay as real as they are, and waits for them only see what is there when
// nothing is left to happen in the world. What needs a thread of the runtime's is `refused`;
// blocking(function) runs the function where it stands, and Placement::thread is the one thread. A
// handler that never returns, or that waits again and again after its wait was `cancelled`, hangs
// the world.
//
// Everything is the thread's that made the World, and worlds and runtimes of a thread end in the
// reverse of the order they began in. See docs/architecture.md#simulation.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/sim/for_each_seed.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::sim {

class State;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

// What happens to messages on their way. Messages of one actor to another keep their order.
struct Faults {
  double loss = 0;         // of how many, from 0 to 1; between nodes only
  double duplicate = 0;    // nothing comes twice so far, over links neither
  Duration delay_least{};  // each takes a time from here
  Duration delay_most{};   // to here; 0 for both: they arrive at once
};

struct WorldOptions {
  // Of all messages but those between nodes that link() speaks of; only the delays count. Timers,
  // replies, Downs and stops take no time.
  Faults delivery{.delay_most = std::chrono::milliseconds{5}};
  // What nodes are made with: ask_timeout, for example. Name, threads and ports are the World's.
  // What actors log goes into the trace, and to its `log`.
  RuntimeOptions node;
};

class World final {
 public:
  explicit World(std::uint64_t seed, const WorldOptions& options = {});
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  // Drops what is on its way, and stops the nodes.
  ~World();

  // ---- nodes ----
  // The node of that name, made when there is none. Where it has crashed: throws Error (not_found).
  Runtime& node(std::string_view name);
  // Ends all of its actors at once, as SIGKILL would. What is on the way from or to it is gone, but
  // for what it has sent over links; asks of it from elsewhere end with `disconnected`. A handler
  // that waits goes on with that wait, and all later ones, `cancelled`: what it sends goes nowhere,
  // but what it does to the test's own memory is done, and the answer it returns still reaches who
  // asked. Actors' stopped() is not called. Not in a handler. The crashed Runtime and handles to
  // its actors stay valid (`closed`) until the World ends. Throws Error (not_found).
  void crash(std::string_view name);
  // A new Runtime under that name, without actors; crashes it first if it runs. Throws Error
  // (not_found).
  Runtime& restart(std::string_view name);

  // One actor crashes, at a moment that the seed chooses, within the time that a message may take:
  // it ends as Exit killed by SIGKILL, between two messages or while its handler waits (then as
  // crash() says). Who monitors it, its supervisor too, is told.
  template <class A>
  void kill(const Ref<A>& actor) {
    kill(actor.target());
  }

  // ---- what is between two nodes ----
  // Their links (listen at "sim:", connect to "sim:bank") are those of docs/wire-protocol.md, over
  // a network that takes its time. A cut holds what is under way: it arrives after heal(), unless a
  // node that hears nothing has given the link up. `loss` is of frames, and each one that is lost
  // takes its connection with it; nothing comes twice. A crash leaves what was sent, and then an
  // end.
  //
  // A handle that a test gives to a node itself has no link: messages over it are carried, lost and
  // cut off one by one; a reply, a Down or a stop crosses a cut, and at once. What is lost is lost:
  // a send is not told, an ask times out.
  void cut(std::string_view a, std::string_view b);
  // Nothing gets from the one to the other; back it does.
  void cut_one_way(std::string_view from, std::string_view to);
  void heal(std::string_view a, std::string_view b);  // both ways
  void link(std::string_view a, std::string_view b, const Faults& faults);

  // ---- time ----
  // Until nothing will ever happen any more: nothing to run, nothing on its way, no timer set.
  // False: that was not so within `limit` (every() goes on for ever, and so does a link, which asks
  // for signs of life).
  bool run_until_idle(Duration limit = std::chrono::hours{1});
  // The clock has moved by exactly so much then.
  void run_for(Duration time);
  // Asks after each step of an actor and of the clock. False: the limit has passed.
  bool run_until(const std::function<bool()>& predicate, Duration limit = std::chrono::seconds{60});

  // ---- looking ----
  // Since the epoch of the world's clock, which is at 1 h when it begins. (A wait without a
  // deadline, where nothing will ever happen any more, ends `timed_out`.)
  Instant now() const noexcept;
  std::uint64_t seed() const noexcept;
  // A line for each event: the time since the beginning in seconds, the node, the actor, what it
  // did. The first says how many there were and a hash of them all; the last 100 000 follow.
  // `last`: only so many of them.
  std::string trace(std::size_t last = ~std::size_t{0}) const;

 private:
  void kill(const actor::Target& target);

  const std::unique_ptr<State> state_;
};

// As the form below, with a World of that seed: body(World&). Its failure shows the end of the
// trace.
template <class F>
requires std::invocable<F&, World&>
void for_each_seed(std::size_t seeds, F body) {
  for (SeedRange range = seeds_to_run(seeds); !range.empty(); ++range.first) {
    World world{range.first};
    run_seed(
        range.first, [&] { return passes(body, world); }, [&] { return world.trace(kTraceShown); });
  }
}

}  // namespace troupe::sim
