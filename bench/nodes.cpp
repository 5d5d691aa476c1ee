// SPDX-License-Identifier: Apache-2.0
// What does it cost to talk to actors of another node, over each kind of link?
//
// Method. Both nodes are processes of one host, each with one worker, and run where the scheduler
// puts them; the link is over what the work's name says, never over shared memory by itself. A
// tenth of the messages goes before, uncounted.
//
// ping_pong: an actor here sends a number to one there, which sends it back; so do as many pairs at
// once as the name says. The figure is the time of all divided by the round trips of all. The floor
// is a raw round trip of 64 bytes that polls, of one pair.
//
// stream: an actor here sends messages of 64 bytes to one there as fast as it can, which counts
// them and checks their order; at the end it is asked how many came. The floor is a raw stream of
// messages of 64 bytes, of one pair.
//
// ask: an actor here keeps 100 asks of one there under way.
//
// Erlang: two emulators of this host, connected by its distribution over TCP, whatever the link of
// ours is. CAF: two systems of its io module, over TCP, beside ours over TCP alone, with a tenth as
// many messages. gRPC: as many callers over one channel, over a Unix socket beside shm and unix.
#include "actors.hpp"
#include "peers/caf_nodes.hpp"
#include "peers/erlang_nodes.hpp"
#include "peers/grpc_asks.hpp"
#include "peers/raw.hpp"
#include "peers/shared_line.hpp"
#include "questions.hpp"
#include "remote_node.hpp"

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr double kMillions = 1e-6;     // of one
constexpr std::uint64_t kTrips = 20'000;
constexpr std::uint64_t kItems = 400'000;
constexpr std::uint64_t kRemoteAsks = 100'000;
constexpr std::size_t kUnderWay = 100;

struct Ball {
  std::uint64_t number = 0;
};
struct Item {
  std::uint64_t number = 0;
  std::array<std::uint64_t, 7> rest{};
};
struct Question64 {
  std::uint64_t number = 0;
};
struct Received {};
struct Meet {
  troupe::Ref<troupe::Protocol<void(Ball)>> partner;
};

// There.
class Far final {
 public:
  using Accepts = troupe::Protocol<void(Meet), void(Ball), void(Item), std::uint64_t(Received),
                                   std::uint64_t(Question64)>;

  void handle(const Meet& meet) { partner_ = meet.partner; }
  void handle(Ball ball) { partner_.send(ball); }
  void handle(const Item& item) {
    if (item.number != received_++) throw std::runtime_error{"a message is lost"};
  }
  std::uint64_t handle(Received /*all*/) const { return received_; }
  std::uint64_t handle(Question64 question) { return question.number; }

 private:
  troupe::Ref<troupe::Protocol<void(Ball)>> partner_;
  std::uint64_t received_ = 0;
};

// Does that often what it is there for, with one of its own there. Answers when it is done.
struct Go {
  std::uint64_t times = 0;
};

class Pinger final {
 public:
  using Accepts = troupe::Protocol<void(Ball), void(Go)>;

  explicit Pinger(troupe::Ref<Far> far) : far_(far) {}

  troupe::Promise<void> handle(Go go, troupe::Context& context) {
    promise_ = context.promise<void>();
    left_ = go.times;
    far_.send(Meet{context.self_as<Pinger>()});
    far_.send(Ball{left_});
    return promise_;
  }
  void handle(Ball ball) {
    if (ball.number != left_) throw std::runtime_error{"another number"};
    if (--left_ == 0) {
      promise_.set();
    } else {
      far_.send(Ball{left_});
    }
  }

 private:
  const troupe::Ref<Far> far_;
  troupe::Promise<void> promise_;
  std::uint64_t left_ = 0;
};

class Streamer final {
 public:
  explicit Streamer(troupe::Ref<Far> far) : far_(far) {}

  void handle(Go go) {
    for (std::uint64_t i = 0; i < go.times; ++i) {
      if (!far_.send(Item{sent_++, {}}, troupe::forever)) throw std::runtime_error{"refused"};
    }
    if (far_.ask(Received{}, troupe::forever).value() != sent_) {
      throw std::runtime_error{"a message is lost"};
    }
  }

 private:
  const troupe::Ref<Far> far_;
  std::uint64_t sent_ = 0;
};

class Asker final {
 public:
  explicit Asker(troupe::Ref<Far> far) : far_(far) {}

  void handle(Go go) {
    std::deque<troupe::Future<std::uint64_t>> under_way;
    std::uint64_t answered = 0;
    for (std::uint64_t i = 0; i < go.times; ++i) {
      under_way.push_back(far_.ask_async(Question64{i}, troupe::forever));
      if (under_way.size() == kUnderWay || i + 1 == go.times) {
        do {
          if (under_way.front().get().value() != answered++) throw std::runtime_error{"another"};
          under_way.pop_front();
        } while (i + 1 == go.times && !under_way.empty());
      }
    }
  }

 private:
  const troupe::Ref<Far> far_;
};

// Seconds that one of `times` takes where so many pairs do them at once.
template <class Near>
double at_once(const Over& over, std::size_t pairs, std::uint64_t times) {
  const RemoteNode there{over, [](troupe::Runtime& runtime) { runtime.offer<Far>(); }};
  troupe::Runtime runtime{one_worker()};
  const troupe::Node node = there.link(runtime);
  std::vector<troupe::Ref<Near>> all;
  for (std::size_t i = 0; i < pairs; ++i) {
    all.push_back(runtime.spawn<Near>(node.spawn<Far>().value()));
  }
  const auto run = [&](std::uint64_t each) {
    std::vector<troupe::Future<void>> done;
    done.reserve(all.size());
    for (const auto& near : all) {
      done.push_back(near.ask_async(Go{each}, troupe::forever));
    }
    for (auto& future : done) {
      future.get().value();
    }
  };
  const std::uint64_t each = std::max<std::uint64_t>(times / pairs, 10);
  run(each / 10 + 1);
  const auto begin = SteadyClock::now();
  run(each);
  return seconds_since(begin) / static_cast<double>(each * pairs);
}

// ---- works -------------------------------------------------------------------------------------

std::string raw_scheme(const Over& over) {
  return over.scheme == "tls" ? "tcp" : over.scheme;
}

Side raw_round_trip(const Over& over) {
  const RoundTrip trip{raw_scheme(over), Waiting::awake};
  return {Role::floor, "floor", [trip](const Effort& effort) {
            const Meter meter = timed(effort.duration);
            return kMicroseconds * (trip.scheme == "shm" ? shared_line::round_trip(trip, meter)
                                                         : raw::round_trip(trip, meter));
          }};
}

Side raw_stream(const Over& over) {
  if (over.scheme == "shm") return {Role::floor, "floor", {}};
  const Stream raw{raw_scheme(over), 64, Form::bytes};
  return {Role::floor, "floor", [raw](const Effort& effort) {
            return raw.figure(raw::stream(raw, timed(effort.duration)));
          }};
}

std::optional<Budget> only_for(bool it, Budget budget) {
  return it ? std::optional{std::move(budget)} : std::nullopt;
}

// Seconds that a side takes for one of `times`.
using Seconds = std::function<double(std::uint64_t times)>;

Side microseconds(Role role, const std::string& name, std::uint64_t times, const Seconds& seconds) {
  return {role, name,
          [=](const Effort& effort) { return seconds(scaled(times, effort)) * kMicroseconds; }};
}

Side millions_a_second(Role role, const std::string& name, std::uint64_t times,
                       const Seconds& seconds) {
  return {role, name,
          [=](const Effort& effort) { return kMillions / seconds(scaled(times, effort)); }};
}

// CAF goes over TCP, and is asked for less: it takes some hundred microseconds a round trip.
Side caf_side(const Over& over, Side side) {
  if (over.scheme != "tcp") side.figure = nullptr;
  return side;
}
constexpr std::uint64_t kLessOfCaf = 10;

Work ping_pong(const Over& over, std::size_t pairs) {
  return {.name = "nodes/ping_pong/" + over.scheme + "/" + std::to_string(pairs),
          .unit = "us",
          .better = Better::lower,
          .sides = {microseconds(
                        Role::ours, "ours", kTrips,
                        [=](std::uint64_t times) { return at_once<Pinger>(over, pairs, times); }),
                    raw_round_trip(over),
                    microseconds(Role::peer, "Erlang", kTrips,
                                 [=](std::uint64_t times) {
                                   return erlang::remote_ping_pong(pairs, times);
                                 }),
                    caf_side(over, microseconds(Role::peer, "CAF io", kTrips / kLessOfCaf,
                                                [=](std::uint64_t times) {
                                                  return caf_peer::remote_ping_pong(pairs, times);
                                                }))},
          .budget =
              only_for(over.scheme == "tcp" && pairs == 1, {Budget::Bound::at_most, 1.3, "floor"})};
}

Work stream(const Over& over, std::size_t pairs) {
  return {.name = "nodes/stream/" + over.scheme + "/" + std::to_string(pairs),
          .unit = "M/s",
          .better = Better::higher,
          .sides = {millions_a_second(
                        Role::ours, "ours", kItems,
                        [=](std::uint64_t times) { return at_once<Streamer>(over, pairs, times); }),
                    raw_stream(over),
                    millions_a_second(
                        Role::peer, "Erlang", kItems,
                        [=](std::uint64_t times) { return erlang::remote_stream(pairs, times); }),
                    caf_side(over, millions_a_second(Role::peer, "CAF io", kItems / kLessOfCaf,
                                                     [=](std::uint64_t times) {
                                                       return caf_peer::remote_stream(pairs, times);
                                                     }))},
          .budget =
              only_for(over.scheme == "tcp" && pairs == 1, {Budget::Bound::at_least, 8, "Erlang"})};
}

Side grpc_side(const Over& over, std::size_t callers) {
  if (over.scheme == "tls") return {Role::peer, "gRPC", {}};
  const std::string scheme = over.scheme == "tcp" ? "tcp" : "unix";
  return microseconds(Role::peer, "gRPC", kRemoteAsks, [=](std::uint64_t times) {
    return grpc_peer::remote_asks(scheme, callers, times);
  });
}

Work asks(const Over& over, std::size_t pairs) {
  return {.name = "nodes/ask/" + over.scheme + "/" + std::to_string(pairs),
          .unit = "us",
          .better = Better::lower,
          .sides = {microseconds(
                        Role::ours, "ours", kRemoteAsks,
                        [=](std::uint64_t times) { return at_once<Asker>(over, pairs, times); }),
                    microseconds(
                        Role::peer, "Erlang", kRemoteAsks,
                        [=](std::uint64_t times) { return erlang::remote_asks(pairs, times); }),
                    grpc_side(over, pairs)},
          .budget = std::nullopt};
}

// Over each kind of link, by so many pairs.
std::vector<Work> works(Work (*make)(const Over& over, std::size_t pairs)) {
  std::vector<Work> all;
  for (const Over& over : {Over{"shm"}, Over{"unix"}, Over{"tcp"}, Over{"tls"}}) {
    for (const std::size_t pairs : {1U, 10U, 100U}) {
      all.push_back(make(over, pairs));
    }
  }
  return all;
}

}  // namespace

Question node_ping_pongs() {
  return {
      .title = "Actors on another node: a number there and back, by so many pairs at once",
      .method =
          "each node a process with one worker; floor: one raw round trip, which polls\n"
          "Erlang by its distribution, and CAF by its io module, over TCP",
      .works = works(&ping_pong),
  };
}

Question node_streams() {
  return {
      .title = "Actors on another node: messages of 64 bytes, by so many pairs at once",
      .method =
          "each node a process with one worker; floor: one raw stream, a write a message\n"
          "Erlang by its distribution, and CAF by its io module, over TCP",
      .works = works(&stream),
  };
}

Question node_asks() {
  return {
      .title = "Actors on another node: asks, 100 under way, by so many pairs at once",
      .method =
          "each node a process with one worker; Erlang by its distribution over TCP\n"
          "gRPC: unary calls by callback, over a Unix socket beside shm and unix",
      .works = works(&asks),
  };
}

}  // namespace bench
