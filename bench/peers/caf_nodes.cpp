// SPDX-License-Identifier: Apache-2.0
#include "caf_nodes.hpp"

#include "../actors.hpp"
#include "../fresh_process.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::caf_peer {
namespace {

using caf::actor;
using caf::behavior;
using caf::stateful_actor;

using Number = std::uint64_t;

using Spawn = caf::atom_constant<caf::atom("spawn")>;
using Count = caf::atom_constant<caf::atom("count")>;
using Go = caf::atom_constant<caf::atom("go")>;
using Done = caf::atom_constant<caf::atom("done")>;

struct WithIo : caf::actor_system_config {
  WithIo() { load<caf::io::middleman>(); }
};

// ---- there

struct Received {
  Number count = 0;
};

// Sends numbers back, and counts items.
behavior far(stateful_actor<Received>* self) {
  return {[](Number number) { return number; },
          [=](Number number, Number, Number, Number, Number, Number, Number, Number) {
            if (number != self->state.count++) throw std::runtime_error{"caf: a message is lost"};
          },
          [=](Count) { return self->state.count; }};
}

behavior host(caf::event_based_actor* self) {
  return {[=](Spawn) -> actor { return self->spawn(far); }};
}

void serve(const FoundPartner::Tell& tell) {
  WithIo config;
  caf::actor_system system{config};
  const auto port = system.middleman().publish(system.spawn(host), 0, "127.0.0.1");
  if (!port) throw std::runtime_error{"caf: publish"};
  tell(std::to_string(*port));
}

// ---- here

struct Work {
  actor main;
  Number left = 0;
};

behavior pinger(stateful_actor<Work>* self, const actor& there) {
  return {[=](Go, const actor& main, Number times) {
            self->state = {main, times};
            self->send(there, times);
          },
          [=](Number number) {
            if (number != self->state.left) throw std::runtime_error{"caf: another number"};
            if (--self->state.left == 0) {
              self->send(self->state.main, Done::value);
            } else {
              self->send(there, self->state.left);
            }
          }};
}

behavior streamer(stateful_actor<Received>* self, const actor& there) {
  return {[=](Go, const actor& main, Number times) {
    Number& sent = self->state.count;
    constexpr Number kRest = 0;
    for (Number i = 0; i < times; ++i) {
      self->send(there, sent++, kRest, kRest, kRest, kRest, kRest, kRest, kRest);
    }
    self->request(there, caf::infinite, Count::value).then([=](Number count) {
      if (count != self->state.count) throw std::runtime_error{"caf: a message is lost"};
      self->send(main, Done::value);
    });
  }};
}

// Seconds that one of `times` takes.
template <class Near>
double at_once(Near near, std::size_t pairs, std::uint64_t times) {
  const FoundPartner there{serve};
  WithIo config;
  caf::actor_system system{config};
  const auto port = static_cast<std::uint16_t>(std::stoi(there.where()));
  const auto host = system.middleman().remote_actor("127.0.0.1", port);
  if (!host) throw std::runtime_error{"caf: remote_actor: " + system.render(host.error())};
  caf::scoped_actor self{system};
  std::vector<actor> all;
  while (all.size() < pairs) {
    self->request(*host, caf::infinite, Spawn::value)
        .receive([&](const actor& its) { all.push_back(system.spawn(near, its)); },
                 [&](const caf::error& error) { throw std::runtime_error{system.render(error)}; });
  }
  const auto run = [&](Number each) {
    for (const actor& its : all) {
      self->send(its, Go::value, caf::actor_cast<actor>(self.ptr()), each);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      self->receive([](Done) {});
    }
  };
  const Number each = std::max<Number>(times / pairs, 10);
  run(each / 10 + 1);
  const auto begin = SteadyClock::now();
  run(each);
  const double seconds = seconds_since(begin);
  for (const actor& its : all) {
    self->send_exit(its, caf::exit_reason::kill);  // the end of the system waits for them
  }
  return seconds / static_cast<double>(each * pairs);
}

}  // namespace

double remote_ping_pong(std::size_t pairs, std::uint64_t times) {
  return at_once(pinger, pairs, times);
}

double remote_stream(std::size_t pairs, std::uint64_t times) {
  return at_once(streamer, pairs, times);
}

}  // namespace bench::caf_peer
