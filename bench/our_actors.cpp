// SPDX-License-Identifier: Apache-2.0
#include "our_actors.hpp"

#include "troupe/troupe.hpp"

#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace bench {
namespace {

using troupe::Context;
using troupe::Ref;
using troupe::Runtime;

using Number = std::uint64_t;
using Report = troupe::Protocol<void(Number)>;
using Main = troupe::Inbox<Report>;  // this thread's

struct Go {};

Number receive(Main& main) {
  Number received = 0;
  main.receive([&](Number number) { received = number; }).value();
  return received;
}

void expect(Number got, Number expected) {
  if (got != expected) throw std::runtime_error{"ours: a message is lost"};
}

// ---- ping-pong, ask

class Ping;

struct Ball {
  Number number = 0;
};
struct Serve {
  Ref<Ping> from;
  Number number = 0;
};

class Pong {
 public:
  void handle(Serve serve);
  Number handle(Number number) { return number; }
};

class Ping {
 public:
  Ping(Ref<Pong> pong, Laps& laps, Ref<Report> main) : pong_(pong), laps_(laps), main_(main) {}

  void handle(Go /*go*/, Context& context) {
    self_ = context.self_as<Ping>();
    pong_.send(Serve{self_, 0});
  }
  void handle(Ball ball) {
    expect(ball.number, next_++);
    if (laps_.done()) {
      main_.send(ball.number);
    } else {
      pong_.send(Serve{self_, next_});
    }
  }

 private:
  Ref<Pong> pong_;
  Laps& laps_;
  Ref<Report> main_;
  Ref<Ping> self_;
  Number next_ = 0;
};

void Pong::handle(Serve serve) {
  serve.from.send(Ball{serve.number});
}

double ping_pong(const Effort& effort) {
  Laps laps{scaled(kRoundTrips, effort)};
  Runtime runtime{{}};
  Main main{runtime};
  runtime.spawn<Ping>(runtime.spawn<Pong>(), laps, main.ref()).send(Go{});
  receive(main);
  return laps.seconds_each();
}

class Asker {
 public:
  Asker(Ref<Pong> other, Laps& laps, Ref<Report> main) : other_(other), laps_(laps), main_(main) {}

  void handle(Go /*go*/) {
    Number number = 0;
    do {
      ++number;
      expect(other_.ask(number).value(), number);
    } while (!laps_.done());
    main_.send(number);
  }

 private:
  Ref<Pong> other_;
  Laps& laps_;
  Ref<Report> main_;
};

double ask(const Effort& effort) {
  Laps laps{scaled(kAsks, effort)};
  Runtime runtime{{.workers = 1}};
  Main main{runtime};
  runtime.spawn<Asker>(runtime.spawn<Pong>(), laps, main.ref()).send(Go{});
  receive(main);
  return laps.seconds_each();
}

// ---- senders

class Receiver {
 public:
  Receiver(Number all, Ref<Report> main) : all_(all), main_(main) {}

  void handle(Number number) {
    sum_ += number;
    if (++count_ == all_) main_.send(Number{sum_});
  }

 private:
  Number all_;
  Ref<Report> main_;
  Number count_ = 0;
  Number sum_ = 0;
};

class Sender {
 public:
  Sender(Ref<Receiver> to, Number count) : to_(to), count_(count) {}

  void handle(Go /*go*/) {
    for (Number number = 0; number < count_; ++number) {
      to_.send(Number{number});
    }
  }

 private:
  Ref<Receiver> to_;
  Number count_;
};

double senders(Number senders, const Effort& effort) {
  const Number each = scaled(kMessages, effort) / senders;
  Runtime runtime{{}};
  Main main{runtime};
  const auto to = runtime.spawn<Receiver>(each * senders, main.ref());
  std::vector<Ref<Sender>> all;
  for (Number i = 0; i < senders; ++i) {
    all.push_back(runtime.spawn<Sender>(to, each));
  }
  const auto begin = SteadyClock::now();
  for (const auto& one : all) {
    one.send(Go{});
  }
  expect(receive(main), many_sum(senders, each * senders));
  return static_cast<double>(each * senders) / seconds_since(begin);
}

// ---- spawn, idle

class Idle {
 public:
  explicit Idle(std::atomic<Number>& started) { started.fetch_add(1, std::memory_order_relaxed); }
  Number handle(Number number) { return number; }
};

std::vector<Ref<Idle>> spawn_idle(Runtime& runtime, Number count) {
  std::atomic<Number> started{0};
  std::vector<Ref<Idle>> actors;
  actors.reserve(count);
  for (Number i = 0; i < count; ++i) {
    actors.push_back(runtime.spawn<Idle>(started));
  }
  while (started != count) {
    std::this_thread::yield();
  }
  return actors;
}

Spawned spawn(const Effort& /*effort*/) {
  constexpr auto kCount = static_cast<double>(kSpawned);
  Runtime runtime{{}};
  const double before = resident_bytes(::getpid());
  const auto begin = SteadyClock::now();
  const auto actors = spawn_idle(runtime, kSpawned);
  const double seconds = seconds_since(begin);
  return {.seconds = seconds / kCount, .bytes = (resident_bytes(::getpid()) - before) / kCount};
}

Use idle(const Effort& effort) {
  Runtime runtime{{}};
  const auto actors = spawn_idle(runtime, kIdle);
  for (const auto& actor : actors) {
    expect(actor.ask(Number{7}).value(), 7);  // each has worked
  }
  return watch_idle(::getpid(), effort);
}

// ---- skynet, ring

class Node {
 public:
  Node(Ref<Node> parent, Ref<Report> main) : parent_(parent), main_(main) {}

  void handle(std::pair<Number, Number> first_and_leaves, Context& context) {
    const auto [first, leaves] = first_and_leaves;
    if (leaves == 1) {
      report(first, context);
      return;
    }
    const Number part = leaves / kBranches;
    const auto self = context.self_as<Node>();
    for (Number i = 0; i < kBranches; ++i) {
      context.spawn<Node>(self, main_).send(std::pair{first + i * part, part});
    }
  }
  void handle(Number more, Context& context) {
    sum_ += more;
    if (++parts_ == kBranches) report(sum_, context);
  }

 private:
  void report(Number sum, Context& context) {
    if (parent_) {
      parent_.send(Number{sum});
    } else {
      main_.send(Number{sum});
    }
    context.stop();
  }

  Ref<Node> parent_;
  Ref<Report> main_;
  Number sum_ = 0;
  Number parts_ = 0;
};

double skynet(const Effort& /*effort*/) {
  Runtime runtime{{}};
  Main main{runtime};
  const auto begin = SteadyClock::now();
  runtime.spawn<Node>(Ref<Node>{}, main.ref()).send(std::pair{Number{0}, kLeaves});
  expect(receive(main), kLeavesSum);
  return seconds_since(begin);
}

class RingActor {
 public:
  explicit RingActor(Ref<Report> main) : main_(main) {}

  void handle(Ref<RingActor> next) { next_ = next; }
  void handle(Number hops) {
    if (hops == 0) {
      main_.send(Number{hops});
    } else {
      next_.send(hops - 1);
    }
  }

 private:
  Ref<Report> main_;
  Ref<RingActor> next_;
};

double thread_ring(const Effort& /*effort*/) {
  Runtime runtime{{}};
  Main main{runtime};
  std::vector<Ref<RingActor>> ring;
  for (Number i = 0; i < kRingActors; ++i) {
    ring.push_back(runtime.spawn<RingActor>(main.ref()));
  }
  for (Number i = 0; i < kRingActors; ++i) {
    ring[i].send(ring[(i + 1) % kRingActors]);
  }
  const auto go_round = [&](Number hops) {
    const auto begin = SteadyClock::now();
    ring.front().send(Number{hops});
    receive(main);
    return seconds_since(begin);
  };
  go_round(kRingHops / 10);
  return go_round(kRingHops) / static_cast<double>(kRingHops);
}

// ---- slow consumer

class Slow {
 public:
  explicit Slow(const std::atomic<bool>& over) : over_(over) {}
  void handle(Number /*number*/) {
    if (!over_) be_busy(kHandling);
  }

 private:
  const std::atomic<bool>& over_;
};

class Fast {
 public:
  Fast(Ref<Slow> to, const std::atomic<bool>& over) : to_(to), over_(over) {}

  // What does not fit is held back: the mailbox has its bound, and send waits.
  void handle(Go /*go*/, Context& context) {
    for (Number left = pace_.due(); left > 0 && !over_; --left) {
      to_.send(Number{left});
    }
    if (!over_) context.after(*this, kProducerTick, Go{});
  }

 private:
  Ref<Slow> to_;
  const std::atomic<bool>& over_;
  Pace pace_;
};

double slow_consumer(const Effort& effort) {
  std::atomic<bool> over{false};
  Runtime runtime{{}};
  const auto to = runtime.spawn<Slow>(over);
  runtime.spawn<Fast>(to, over).send(Go{});
  const double growth = watch_growth(::getpid(), effort);
  over = true;
  return growth;
}

}  // namespace

ActorSide our_actors() {
  return {.ping_pong = ping_pong,
          .senders = senders,
          .spawn = spawn,
          .skynet = skynet,
          .thread_ring = thread_ring,
          .bounded_buffer = our_bounded_buffer,
          .ask = ask,
          .idle = idle,
          .slow_consumer = slow_consumer};
}

}  // namespace bench
