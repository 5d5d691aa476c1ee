// SPDX-License-Identifier: Apache-2.0
// What does an actor in a process of its own cost: until its first reply, until its successor
// answers after a kill, and for an ask?
//
// Method. first_reply: a process actor is spawned, asked once, told to stop, and its end awaited,
// as often as fits the time of a round. The floor is fork, one byte back over a pipe, _exit,
// waitpid; Python: a Process that does nothing (it has no reply to wait for), started and joined.
//
// restart: a supervised process actor, backoff 0, is killed by SIGKILL, then asked until one
// answers: the death is noticed, the successor started, the ask crosses. The floor is what
// first_reply's is.
//
// ask: an actor here asks one there, as often as fits. Both processes run where the scheduler puts
// them, each with one worker. The floor is a raw round trip of 64 bytes over a Unix socket that
// polls, or a cache line's; Python's a round trip over its Pipe; Erlang's a gen_server:call between
// two emulators of this host, connected over TCP.
#include "actors.hpp"
#include "peers/erlang_nodes.hpp"
#include "peers/python.hpp"
#include "peers/raw.hpp"
#include "peers/shared_line.hpp"
#include "questions.hpp"
#include "remote_node.hpp"
#include "started_again.hpp"
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/runtime/runtime.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr std::size_t kImage = 5 * kMebibyte;
constexpr std::uint64_t kRemoteAsks = 20'000;

struct WhoAreYou {};
struct Number {
  std::uint64_t number = 0;
};

class Echo {
 public:
  using Accepts = troupe::Protocol<pid_t(WhoAreYou), std::uint64_t(Number)>;

  pid_t handle(WhoAreYou /*question*/) { return ::getpid(); }
  std::uint64_t handle(Number number) { return number.number; }
};

double first_reply(const Meter& meter) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv(), one_worker()};
  troupe::Inbox<troupe::Protocol<>> inbox{runtime};
  return meter([&] {
    const auto actor = runtime.spawn_process<Echo>().value();
    inbox.context().monitor(actor);
    if (actor.ask(Number{7}).value() != 7) throw std::runtime_error{"another number"};
    actor.stop();
    inbox
        .receive([](const troupe::Down& down) {
          if (!down.reason.ok()) throw std::runtime_error{down.reason.text()};
        })
        .value();
  });
}

double restart(const Meter& meter) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv(), one_worker()};
  troupe::SupervisorOptions options;
  options.restarts = 1'000'000'000;
  options.backoff_first = options.backoff_most = troupe::Duration::zero();
  troupe::Supervisor supervisor{runtime, options};
  troupe::ChildOptions apart;
  apart.placement = troupe::Placement::process;
  const auto actor = supervisor.add<Echo>("echo", apart).value();
  pid_t before = actor.ask(WhoAreYou{}).value();
  return meter([&] {
    (void)::kill(before, SIGKILL);
    for (;;) {
      if (const auto now = actor.ask(WhoAreYou{}); now && *now != before) {
        before = *now;
        return;
      }
    }
  });
}

struct Measure {
  const Meter* meter;
};

class Asker {
 public:
  explicit Asker(troupe::Ref<Echo> echo) : echo_(echo) {}

  double handle(Measure measure) {
    std::uint64_t next = 0;
    return (*measure.meter)([&] {
      if (echo_.ask(Number{++next}).value() != next) throw std::runtime_error{"another number"};
    });
  }

 private:
  troupe::Ref<Echo> echo_;
};

double ask(const std::string& over, const Meter& meter) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv(), one_worker()};
  troupe::ProcessActorOptions options;
  options.over = over;
  const auto echo = runtime.spawn_process_with<Echo>(options).value();
  return runtime.spawn<Asker>(echo).ask(Measure{&meter}, troupe::forever).value();
}

double fork_and_reply(const Meter& meter) {
  return meter([] {
    std::array<int, 2> ends{-1, -1};
    if (::pipe(ends.data()) != 0) throw std::runtime_error{"pipe"};
    const pid_t pid = ::fork();
    char byte = 7;
    if (pid == 0) ::_exit(::write(ends[1], &byte, 1) == 1 ? 0 : 1);
    int status = 0;
    const bool replied = ::read(ends[0], &byte, 1) == 1;
    if (::waitpid(pid, &status, 0) != pid || status != 0 || !replied) {
      throw std::runtime_error{"a process was not started, or ended badly"};
    }
    ::close(ends[0]);
    ::close(ends[1]);
  });
}

// `seconds` as a side whose figure is microseconds.
Side side(Role role, const std::string& name, std::function<double(const Effort&)> seconds) {
  return {role, name, [seconds = std::move(seconds)](const Effort& effort) {
            return seconds(effort) * kMicroseconds;
          }};
}

Side floor_of_start() {
  return side(Role::floor, "fork, a byte",
              [](const Effort& effort) { return fork_and_reply(timed(effort.duration)); });
}

Work start_work(const std::string& name, double (*ours)(const Meter& meter)) {
  return {
      .name = "process_actor/" + name,
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours",
                     [ours](const Effort& effort) { return ours(timed(effort.duration)); }),
                floor_of_start(),
                side(Role::peer, "Python fork",
                     [](const Effort& effort) {
                       return python::process_start("fork", kImage, effort.duration);
                     })},
      .budget = std::nullopt,
  };
}

Work ask_work(const RoundTrip& trip) {
  return {
      .name = "process_actor/ask/" + trip.scheme,
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours",
                     [trip](const Effort& effort) {
                       return ask(trip.scheme + ":", timed(effort.duration));
                     }),
                side(Role::floor, "floor",
                     [trip](const Effort& effort) {
                       return trip.scheme == "shm"
                                  ? shared_line::round_trip(trip, timed(effort.duration))
                                  : raw::round_trip(trip, timed(effort.duration));
                     }),
                side(Role::peer, "Python Pipe",
                     [trip](const Effort& effort) {
                       return python::round_trip({"unix", trip.waiting}, effort.duration);
                     }),
                side(Role::peer, "Erlang nodes",
                     [](const Effort& effort) {
                       return erlang::remote_ask(scaled(kRemoteAsks, effort));
                     })},
      .budget = std::nullopt,
  };
}

}  // namespace

Question process_actors() {
  return {
      .title = "Actors in processes of their own",
      .method =
          "first_reply: spawned, asked, stopped; restart: killed, until the next one answers\n"
          "ask: by an actor here, each process with one worker; floor: a round trip that polls",
      .works = {start_work("first_reply", &first_reply), start_work("restart", &restart),
                ask_work({"shm", Waiting::awake}), ask_work({"unix", Waiting::awake})},
  };
}

}  // namespace bench
