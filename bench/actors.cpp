// SPDX-License-Identifier: Apache-2.0
// What do actors in one process cost: messages, asks, starting, and being there?
//
// Method. Each side makes its system in a process of its own and does what actors.hpp says, with
// the counts that are named there; --quick takes fewer where that does not change what is measured.
// Only finished work counts: the receiver counts, sums are checked, a lost message is a failure.
// All run on all CPUs, with their frameworks' default configurations.
//
// Erlang's emulator runs what erlc compiled, and times itself inside; what it takes to start is not
// in a figure.
//
// Ask: the floor is a switch to another fiber and back, which is what suspending the asker cannot
// do without. Spawn: until all actors have run their first step, not until they are merely noted
// down. Bounded buffer: Savina's; nearly all of it is the busy loops, so that a framework can only
// lose.
//
// Idle: for 10 s, of a thousand actors that wait. A wake-up is a voluntary switch of a thread, the
// one that watches excepted. Slow consumer: a consumer that needs 100 us for a message is sent 100
// 000 a second, ten times what it takes. Where mailboxes have a bound the producer is held back,
// where they have none they grow; the figure is by how much the process grew in 27 s.
//
// These take long, and are averages over time already: they run three times at most.
#include "actors.hpp"

#include "peers/caf.hpp"
#include "peers/erlang.hpp"
#include "peers/switch_pair.hpp"
#include "questions.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kNanoseconds = 1e9;  // in a second
constexpr double kMilliseconds = 1e3;
constexpr double kMillions = 1e-6;  // of one
constexpr double kMebibytes = 1.0 / static_cast<double>(kMebibyte);
constexpr int kLongRounds = 3;

Budget at_most(double figure) {
  return {Budget::Bound::at_most, figure, ""};
}

Budget times_caf(double ratio) {
  return {Budget::Bound::at_least, ratio, "CAF"};
}

// A figure of a side, in the unit of the work.
using FigureOf = std::function<double(const ActorSide& side, const Effort& effort)>;

std::vector<Side> sides(const FigureOf& figure) {
  const auto side = [&](Role role, const char* name, ActorSide (*actors)()) {
    return Side{role, name, [=](const Effort& effort) { return figure(actors(), effort); }};
  };
  return {side(Role::ours, "ours", our_actors), side(Role::peer, "CAF", caf_peer::actors),
          side(Role::peer, "Erlang", erlang::actors)};
}

Work work(const std::string& name, const std::string& unit, const FigureOf& figure,
          std::optional<Budget> budget) {
  return {.name = "actors/" + name,
          .unit = unit,
          .better = Better::lower,
          .sides = sides(figure),
          .budget = std::move(budget)};
}

Work senders(std::uint64_t count, double times) {
  Work result = work(
      "senders/" + std::to_string(count), "M/s",
      [=](const ActorSide& side, const Effort& effort) {
        return side.senders(count, effort) * kMillions;
      },
      times_caf(times));
  result.better = Better::higher;
  return result;
}

Work ask() {
  Work result = work(
      "ask", "ns",
      [](const ActorSide& side, const Effort& effort) { return side.ask(effort) * kNanoseconds; },
      at_most(100));
  const auto floor = [](const Effort& effort) {
    return switch_pair(timed(effort.duration)) * kNanoseconds;
  };
  result.sides.insert(result.sides.begin() + 1, Side{Role::floor, "switch pair", floor});
  return result;
}

Work long_work(const std::string& name, const std::string& unit, const FigureOf& figure,
               double most) {
  Work result = work(name, unit, figure, at_most(most));
  result.most_rounds = kLongRounds;
  return result;
}

}  // namespace

std::uint64_t scaled(std::uint64_t count, const Effort& effort) {
  constexpr auto kFull = static_cast<std::uint64_t>(std::chrono::nanoseconds{100ms}.count());
  return count * std::min(static_cast<std::uint64_t>(effort.duration.count()), kFull) / kFull;
}

std::chrono::nanoseconds scaled(std::chrono::nanoseconds time, const Effort& effort) {
  return std::chrono::nanoseconds{scaled(static_cast<std::uint64_t>(time.count()), effort)};
}

std::uint64_t many_sum(std::uint64_t senders, std::uint64_t messages) {
  const std::uint64_t each = messages / senders;
  return senders * (each * (each - 1) / 2);
}

Use watch_idle(pid_t process, const Effort& effort) {
  std::this_thread::sleep_for(1s);
  return watch(process, scaled(10s, effort));
}

double watch_growth(pid_t process, const Effort& effort) {
  constexpr double kTooMuch = 2048.0 * kMebibyte;
  std::this_thread::sleep_for(3s);
  const double before = resident_bytes(process);
  const auto end = SteadyClock::now() + scaled(27s, effort);
  double growth = 0;
  while (growth < kTooMuch && SteadyClock::now() < end) {
    std::this_thread::sleep_for(100ms);
    growth = resident_bytes(process) - before;
  }
  return growth;
}

Question actor_messages() {
  return {
      .title = "Actors in one process: messages",
      .method =
          "senders: so many to one mailbox, counted there; skynet: a million leaves, their sum\n"
          "thread_ring, bounded_buffer: Savina's; the latter's busy loops are nearly all of it",
      .works =
          {
              work(
                  "ping_pong", "ns",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.ping_pong(effort) * kNanoseconds;
                  },
                  times_caf(10)),
              senders(1, 6),
              senders(2, 4),
              senders(100, 4),
              work(
                  "skynet", "ms",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.skynet(effort) * kMilliseconds;
                  },
                  at_most(200)),
              work(
                  "thread_ring", "ns",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.thread_ring(effort) * kNanoseconds;
                  },
                  std::nullopt),
              work(
                  "bounded_buffer", "ms",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.bounded_buffer(effort) * kMilliseconds;
                  },
                  std::nullopt),
          },
  };
}

Question actor_asks() {
  return {
      .title = "Actors in one process: ask, and go on with the reply",
      .method =
          "CAF: request and then; Erlang: gen_server:call; floor: Boost.Context's switch pair",
      .works = {ask()},
  };
}

Question actors_at_rest() {
  return {
      .title = "Actors in one process: starting them, and having them",
      .method =
          "spawn: a million, until each has started; idle_bytes: what the process grew by, each\n"
          "idle: of a thousand, over 10 s; slow_consumer: sent ten times what it can take, what "
          "the\n"
          "process grew by in 27 s; these three in 3 rounds at most",
      .works =
          {
              work(
                  "spawn", "ns",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.spawn(effort).seconds * kNanoseconds;
                  },
                  times_caf(10)),
              work(
                  "idle_bytes", "bytes",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.spawn(effort).bytes;
                  },
                  at_most(256)),
              long_work(
                  "idle_cpu", "ms/s",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.idle(effort).cpu * kMilliseconds;
                  },
                  0.1),
              long_work(
                  "idle_wakeups", "1/s",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.idle(effort).wake_ups;
                  },
                  0.1),
              long_work(
                  "slow_consumer", "MiB",
                  [](const ActorSide& side, const Effort& effort) {
                    return side.slow_consumer(effort) * kMebibytes;
                  },
                  1),
          },
  };
}

}  // namespace bench
