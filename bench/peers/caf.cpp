// SPDX-License-Identifier: Apache-2.0
#include "caf.hpp"

#include <caf/all.hpp>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace bench::caf_peer {
namespace {

using caf::actor;
using caf::actor_cast;
using caf::behavior;
using caf::event_based_actor;
using caf::stateful_actor;

using Number = std::uint64_t;

using Go = caf::atom_constant<caf::atom("go")>;

// A system, and the actor that this thread is in it.
class System final {
 public:
  System() { system_.await_actors_before_shutdown(false); }

  template <class... Arguments>
  actor spawn(Arguments&&... arguments) {
    return system_.spawn(std::forward<Arguments>(arguments)...);
  }
  template <class... Values>
  void send(const actor& to, Values&&... values) {
    self_->send(to, std::forward<Values>(values)...);
  }
  // The next message to this thread.
  template <class Value>
  Value receive() {
    Value received{};
    self_->receive([&](Value value) { received = value; });
    return received;
  }
  actor self() { return actor_cast<actor>(self_.ptr()); }

 private:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
};

void kill_all(const std::vector<actor>& actors) {
  for (const actor& each : actors) {
    caf::anon_send_exit(each, caf::exit_reason::kill);
  }
}

void expect(Number got, Number expected) {
  if (got != expected) throw std::runtime_error{"caf: a message is lost"};
}

behavior echo(event_based_actor* /*self*/) {
  return {[](Number number) { return number; }};
}

// ---- ping-pong, ask

struct Count {
  Number value = 0;
};

behavior ping(stateful_actor<Count>* self, const actor& pong, Laps* laps, const actor& main) {
  self->send(pong, Number{0});
  return {[=](Number number) {
    expect(number, self->state.value++);
    if (laps->done()) {
      self->send(main, number);
      self->quit();
    } else {
      self->send(pong, number + 1);
    }
  }};
}

double ping_pong(const Effort& effort) {
  Laps laps{scaled(kRoundTrips, effort)};
  System system;
  system.spawn(ping, system.spawn(echo), &laps, system.self());
  system.receive<Number>();
  return laps.seconds_each();
}

void ask_for(event_based_actor* self, const actor& other, Number wanted, Laps* laps,
             const actor& main) {
  self->request(other, caf::infinite, wanted).then([=](Number number) {
    expect(number, wanted);
    if (laps->done()) {
      self->send(main, number);
    } else {
      ask_for(self, other, wanted + 1, laps, main);
    }
  });
}

double ask(const Effort& effort) {
  Laps laps{scaled(kAsks, effort)};
  System system;
  const actor other = system.spawn(echo);
  system.spawn([&laps, other, main = system.self()](event_based_actor* self) {
    ask_for(self, other, 0, &laps, main);
  });
  system.receive<Number>();
  return laps.seconds_each();
}

// ---- senders

struct Received {
  Number count = 0;
  Number sum = 0;
};

behavior receiver(stateful_actor<Received>* self, Number all, const actor& main) {
  return {[=](Number number) {
    Received& received = self->state;
    received.sum += number;
    if (++received.count == all) self->send(main, received.sum);
  }};
}

behavior sender(event_based_actor* self, const actor& to, Number count) {
  return {[=](Go) {
    for (Number number = 0; number < count; ++number) {
      self->send(to, number);
    }
  }};
}

double senders(Number senders, const Effort& effort) {
  const Number each = scaled(kMessages, effort) / senders;
  System system;
  const actor to = system.spawn(receiver, each * senders, system.self());
  std::vector<actor> all;
  for (Number i = 0; i < senders; ++i) {
    all.push_back(system.spawn(sender, to, each));
  }
  const auto begin = SteadyClock::now();
  for (const actor& one : all) {
    system.send(one, Go::value);
  }
  expect(system.receive<Number>(), many_sum(senders, each * senders));
  return static_cast<double>(each * senders) / seconds_since(begin);
}

// ---- spawn, idle

behavior idle_actor(event_based_actor* /*self*/, std::atomic<Number>* started) {
  started->fetch_add(1, std::memory_order_relaxed);
  return {[](Number number) { return number; }};
}

std::vector<actor> spawn_idle(System& system, Number count) {
  std::atomic<Number> started{0};
  std::vector<actor> actors;
  actors.reserve(count);
  for (Number i = 0; i < count; ++i) {
    actors.push_back(system.spawn(idle_actor, &started));
  }
  while (started != count) {
    std::this_thread::yield();
  }
  return actors;
}

Spawned spawn(const Effort& /*effort*/) {
  constexpr auto kCount = static_cast<double>(kSpawned);
  System system;
  const double before = resident_bytes(::getpid());
  const auto begin = SteadyClock::now();
  const auto actors = spawn_idle(system, kSpawned);
  const double seconds = seconds_since(begin);
  return {.seconds = seconds / kCount, .bytes = (resident_bytes(::getpid()) - before) / kCount};
}

Use idle(const Effort& effort) {
  System system;
  const auto actors = spawn_idle(system, kIdle);
  return watch_idle(::getpid(), effort);
}

// ---- skynet, ring

struct Sum {
  Number value = 0;
  Number parts = 0;
};

behavior skynet_node(stateful_actor<Sum>* self, const actor& parent, Number first, Number leaves) {
  if (leaves == 1) {
    self->send(parent, first);
    return {};
  }
  const Number part = leaves / kBranches;
  for (Number i = 0; i < kBranches; ++i) {
    self->spawn(skynet_node, actor_cast<actor>(self), first + i * part, part);
  }
  return {[=](Number more) {
    Sum& sum = self->state;
    sum.value += more;
    if (++sum.parts == kBranches) {
      self->send(parent, sum.value);
      self->quit();
    }
  }};
}

double skynet(const Effort& /*effort*/) {
  System system;
  const auto begin = SteadyClock::now();
  system.spawn(skynet_node, system.self(), Number{0}, kLeaves);
  expect(system.receive<Number>(), kLeavesSum);
  return seconds_since(begin);
}

struct Neighbour {
  actor next;
};

behavior ring_actor(stateful_actor<Neighbour>* self, const actor& main) {
  return {[=](const actor& next) { self->state.next = next; },
          [=](Number hops) {
            if (hops == 0) {
              self->send(main, hops);
            } else {
              self->send(self->state.next, hops - 1);
            }
          }};
}

double thread_ring(const Effort& /*effort*/) {
  System system;
  std::vector<actor> ring;
  for (Number i = 0; i < kRingActors; ++i) {
    ring.push_back(system.spawn(ring_actor, system.self()));
  }
  for (Number i = 0; i < kRingActors; ++i) {
    system.send(ring[i], ring[(i + 1) % kRingActors]);
  }
  const auto go_round = [&](Number hops) {
    const auto begin = SteadyClock::now();
    system.send(ring.front(), hops);
    system.receive<Number>();
    return seconds_since(begin);
  };
  go_round(kRingHops / 10);
  const double seconds = go_round(kRingHops);
  kill_all(ring);
  return seconds / static_cast<double>(kRingHops);
}

// ---- slow consumer

// Set when it is over: the end of the system waits until every message is handled, which would take
// minutes.
using Over = std::atomic<bool>;

behavior slow(event_based_actor* /*self*/, const Over* over) {
  return {[=](Number /*number*/) {
    if (!*over) be_busy(kHandling);
  }};
}

struct Paced {
  Pace pace;
};

behavior fast(stateful_actor<Paced>* self, const actor& to, const Over* over) {
  self->send(self, Go::value);
  return {[=](Go) {
    if (*over) return;
    for (Number left = self->state.pace.due(); left > 0; --left) {
      self->send(to, left);
    }
    self->delayed_send(self, kProducerTick, Go::value);
  }};
}

double slow_consumer(const Effort& effort) {
  Over over{false};
  System system;
  const actor to = system.spawn(slow, &over);
  const actor from = system.spawn(fast, to, &over);
  const double growth = watch_growth(::getpid(), effort);
  over = true;
  return growth;
}

}  // namespace

ActorSide actors() {
  return {.ping_pong = ping_pong,
          .senders = senders,
          .spawn = spawn,
          .skynet = skynet,
          .thread_ring = thread_ring,
          .bounded_buffer = bounded_buffer,
          .ask = ask,
          .idle = idle,
          .slow_consumer = slow_consumer};
}

}  // namespace bench::caf_peer
