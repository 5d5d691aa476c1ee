// SPDX-License-Identifier: Apache-2.0
// Which actor runs next: nobody is left out, and nobody's work stands behind one that blocks.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

// Ends the runs of those that would go on for ever.
using Flag = std::shared_ptr<std::atomic<bool>>;
Flag flag() {
  return std::make_shared<std::atomic<bool>>(false);
}

struct Turn {};
struct Poke {};

// Sends itself a message for each that it gets: always has work.
class Flooded final {
 public:
  explicit Flooded(Flag stop) : stop_(std::move(stop)) {}
  void handle(Turn /*turn*/, Context& context) {
    if (!stop_->load()) {
      (void)context.self_as<Flooded>().send(Turn{});
    }
  }

 private:
  const Flag stop_;
};

// Plays with another: each message is one to the other.
class Player final {
 public:
  explicit Player(Flag stop) : stop_(std::move(stop)) {}
  void handle(const Ref<Player>& other) { other_ = other; }
  void handle(Turn /*turn*/) {
    if (!stop_->load()) {
      (void)other_.send(Turn{});
    }
  }

 private:
  const Flag stop_;
  Ref<Player> other_;
};

// Asks for the other's answer for ever: always one of the two is suspended.
class Asker final {
 public:
  explicit Asker(Flag stop) : stop_(std::move(stop)) {}
  bool handle(Poke /*poke*/) { return true; }
  void handle(const Ref<Asker>& other) {
    while (!stop_->load() && other.ask(Poke{}).has_value()) {
    }
  }

 private:
  const Flag stop_;
};

class Third final {
 public:
  explicit Third(std::atomic<int>& turns) : turns_(turns) {}
  void handle(Poke /*poke*/) { ++turns_; }

 private:
  std::atomic<int>& turns_;
};

void start_players(Runtime& runtime, const Flag& stop) {
  const auto ping = runtime.spawn<Player>(stop);
  const auto pong = runtime.spawn<Player>(stop);
  EXPECT_TRUE(ping.send(pong));
  EXPECT_TRUE(pong.send(ping));
  EXPECT_TRUE(ping.send(Turn{}));
}

void start_flooded(Runtime& runtime, const Flag& stop, int messages) {
  const auto flooded = runtime.spawn<Flooded>(stop);
  for (int i = 0; i < messages; ++i) {
    EXPECT_TRUE(flooded.send(Turn{}));
  }
}

void start_askers(Runtime& runtime, const Flag& stop) {
  const auto answerer = runtime.spawn<Asker>(stop);
  EXPECT_TRUE(runtime.spawn<Asker>(stop).send(answerer));
}

// Each of several others gets its turns, sent from outside and from an actor.
void expect_turns(Runtime& runtime, const Flag& stop) {
  struct PokeAll {
    std::vector<Ref<Third>> thirds;
  };
  class Poker final {
   public:
    void handle(const PokeAll& all) {
      for (const auto& third : all.thirds) {
        EXPECT_TRUE(third.send(Poke{}));
      }
    }
  };
  std::vector<std::atomic<int>> turns(5);
  std::vector<Ref<Third>> thirds;
  for (auto& each : turns) {
    thirds.push_back(runtime.spawn<Third>(each));
  }
  const auto poker = runtime.spawn<Poker>();
  for (int round = 1; round <= 20; ++round) {
    EXPECT_TRUE(poker.send(PokeAll{thirds}));
    for (const auto& third : thirds) {
      EXPECT_TRUE(third.send(Poke{}));
    }
    for (const auto& each : turns) {
      wait_until([&] { return each.load() == 2 * round; });
    }
  }
  *stop = true;
}

TEST(FairnessTest, AFloodedActorDoesNotStarveOthers) {
  Runtime runtime{workers(1)};
  const Flag stop = flag();
  start_flooded(runtime, stop, 500);
  expect_turns(runtime, stop);
}

TEST(FairnessTest, TwoThatPlayWithEachOtherDoNotStarveOthers) {
  Runtime runtime{workers(1)};
  const Flag stop = flag();
  start_players(runtime, stop);
  expect_turns(runtime, stop);
}

TEST(FairnessTest, TwoThatAskEachOtherDoNotStarveOthers) {
  Runtime runtime{workers(1)};
  const Flag stop = flag();
  start_askers(runtime, stop);
  expect_turns(runtime, stop);
}

TEST(FairnessTest, NobodyStarvesOthersInWhateverCompany) {
  Runtime runtime{workers(1)};
  const Flag stop = flag();
  for (int i = 0; i < 3; ++i) {
    start_flooded(runtime, stop, 100);
    start_players(runtime, stop);
    start_askers(runtime, stop);
  }
  expect_turns(runtime, stop);
}

TEST(FairnessTest, ThoseThatWakeEachOtherFromTheirWaitsDoNotStarveOthers) {
  // Two suspended handlers, of which one is always ready, while what they send is to be run next.
  struct Exchange {
    Ref<Third> third;
  };
  struct Shared {
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): an int says which
    Promise<void> turn[2];
  };
  class Weaver final {
   public:
    Weaver(std::shared_ptr<Shared> shared, int side, Flag stop, std::atomic<int>& turns)
        : shared_(std::move(shared)), side_(side), stop_(std::move(stop)), turns_(turns) {}
    void handle(const Exchange& exchange) {
      const int before = turns_.load();
      bool poked = side_ == 1;
      while (!stop_->load()) {
        auto my_turn = shared_->turn[side_].future();
        if (!poked) {
          EXPECT_TRUE(exchange.third.send(Poke{}));
          poked = true;
        }
        shared_->turn[1 - side_].set();
        if (!my_turn.get()) {
          break;
        }
        shared_->turn[side_] = Promise<void>{};
        if (turns_.load() > before) {
          *stop_ = true;
        }
      }
      shared_->turn[1 - side_].set();
    }

   private:
    const std::shared_ptr<Shared> shared_;
    const int side_;
    const Flag stop_;
    std::atomic<int>& turns_;
  };
  Runtime runtime{workers(1)};
  const Flag stop = flag();
  std::atomic<int> turns{0};
  const auto third = runtime.spawn<Third>(turns);
  const auto shared = std::make_shared<Shared>();
  const auto left = runtime.spawn<Weaver>(shared, 0, stop, turns);
  const auto right = runtime.spawn<Weaver>(shared, 1, stop, turns);
  EXPECT_TRUE(right.send(Exchange{third}));
  EXPECT_TRUE(left.send(Exchange{third}));
  wait_until([&] { return turns.load() == 1; });
}

TEST(FairnessTest, ATimerIsNotLeftBehindByLongTurns) {
  struct Tick {};
  class Ticking final {
   public:
    explicit Ticking(std::atomic<bool>& ticked) : ticked_(ticked) {}
    void handle(Poke /*poke*/, Context& context) { context.after(*this, 1ms, Tick{}); }
    void handle(Tick /*tick*/) { ticked_ = true; }

   private:
    std::atomic<bool>& ticked_;
  };
  // Takes a millisecond for each message; all others of its kind do, too.
  class Computing final {
   public:
    Computing(std::atomic<bool>& ticked, std::atomic<int>& handled)
        : ticked_(ticked), handled_(handled) {}
    void handle(Turn /*turn*/, Context& context) {
      const auto begin = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - begin < 1ms) {
      }
      ++handled_;
      if (!ticked_) {
        (void)context.self_as<Computing>().send(Turn{});
      }
    }

   private:
    std::atomic<bool>& ticked_;
    std::atomic<int>& handled_;
  };
  Runtime runtime{workers(1)};
  std::atomic<bool> ticked{false};
  std::atomic<int> handled{0};
  const auto ticking = runtime.spawn<Ticking>(ticked);
  EXPECT_TRUE(ticking.send(Poke{}));
  for (int i = 0; i < 2; ++i) {
    const auto computing = runtime.spawn<Computing>(ticked, handled);
    for (int n = 0; n < 100; ++n) {
      EXPECT_TRUE(computing.send(Turn{}));
    }
  }
  wait_until([&] { return ticked.load(); });
  EXPECT_LT(handled.load(), 1500) << "not only after 64 turns of 64 messages";
}

// ---- two workers -------------------------------------------------------------------------------

struct Fan {
  std::vector<Ref<Third>> thirds;
  Gate end;
};

// Makes work on its worker, then keeps it.
class Blocking final {
 public:
  void handle(const Fan& fan) {
    for (const auto& third : fan.thirds) {
      EXPECT_TRUE(third.send(Poke{}));
    }
    fan.end.pass();
  }
};

TEST(StealingTest, WhatStandsBehindAHandlerThatBlocksIsTakenByOthers) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    Runtime runtime{workers(2)};
    std::vector<std::atomic<int>> turns(count);
    std::vector<Ref<Third>> thirds;
    for (auto& each : turns) {
      thirds.push_back(runtime.spawn<Third>(each));
    }
    for (int round = 1; round <= 3; ++round) {
      const Gate end;
      EXPECT_TRUE(runtime.spawn<Blocking>().send(Fan{thirds, end}));
      for (const auto& each : turns) {
        // With one, what the worker would run next is taken, too.
        wait_until([&] { return each.load() == round; });
      }
      end.open();
    }
  }
}

TEST(StealingTest, WorkFromOutsideGoesToTheWorkerThatIsFree) {
  Runtime runtime{workers(2)};
  std::atomic<int> turns{0};
  const auto third = runtime.spawn<Third>(turns);
  const Gate end;
  EXPECT_TRUE(runtime.spawn<Blocking>().send(Fan{{}, end}));
  for (int i = 1; i <= 1000; ++i) {
    EXPECT_TRUE(third.send(Poke{}));
    wait_until([&] { return turns.load() == i; });
  }
  end.open();
}

TEST(StealingTest, AllWorkFromOutsideIsDone) {
  // Few at a time, so that workers fall asleep and wake all the time.
  Runtime runtime{workers(2)};
  std::atomic<int> turns{0};
  std::vector<Ref<Third>> thirds;
  for (int i = 0; i < 4; ++i) {
    thirds.push_back(runtime.spawn<Third>(turns));
  }
  const int rounds = scaled(50'000);
  for (int round = 1; round <= rounds; ++round) {
    for (int i = 0; i <= round % 4; ++i) {
      EXPECT_TRUE(thirds[static_cast<std::size_t>(i)].send(Poke{}));
    }
    if (round % 3 == 0) {
      const int all = (round / 4) * 10 + (round % 4) * (round % 4 + 1) / 2 + (round % 4);
      wait_until([&] { return turns.load() == all; });
    }
  }
}

}  // namespace
}  // namespace troupe::actor_test
