// SPDX-License-Identifier: Apache-2.0
#pragma once

// Explorer: runs two threads over a model of memory in every order of their accesses, with every
// answer that a load may get, until one of them fails, a data race is seen, or nobody can go on.
//
// A thread is a function that does the same whenever it gets the same answers. So it needs no stack
// of its own: to take its next step, it is run from its beginning with the answers that it got so
// far, and left at its first question without an answer. It is left by longjmp, because what it
// tests is noexcept: what lives on its stack has to be trivially destructible.
//
// Two schedules that lead to the same state (both threads have got the same answers since they
// settled, and memory cannot be told apart) have the same future, which is explored once.

#include "transports/interleaving/access.hpp"
#include "transports/interleaving/layout.hpp"
#include "transports/interleaving/memory.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::interleaving {

struct ModelThread {
  std::string name;
  std::function<void()> run;
  bool may_be_killed = false;  // before each of its steps
};

struct Explored {
  std::uint64_t steps = 0;                       // accesses made, each with one of its answers
  std::uint64_t states = 0;                      // different ones
  std::uint64_t ends = 0;                        // in which both threads are done, or dead
  std::array<std::uint64_t, kThreads> sleeps{};  // that a thread has slept
  std::string failure;  // empty, or what went wrong, and the schedule that leads there
};

class Explorer final {
 public:
  Explorer(const Layout& layout, std::array<ModelThread, kThreads> threads);

  // An access is made as this returns it: weakened, for a test of the test.
  using Weaken = std::function<Access(Access, const std::string& location)>;
  void weaken(Weaken weaken) { weaken_ = std::move(weaken); }

  Explored explore();

 private:
  struct ThreadState {
    std::uint64_t hash = 0;  // of its answers since it settled
    Access next;
    bool is_done = false;
    bool is_dead = false;
    bool is_rung = false;
  };
  struct State {
    Memory memory;
    std::array<ThreadState, kThreads> threads;
    std::uint64_t counted = 0;

    std::uint64_t hash() const;
  };
  struct Step {
    Thread thread = 0;
    Access access;
    std::uint64_t answer = 0;
    std::size_t newer = 0;  // stores than the one that was read
    bool kills = false;
  };
  class Run;
  friend std::uint64_t access(const Access& access);
  friend void fail(const char* why);
  friend void settle(std::uint64_t value, std::optional<Location> loaded, int line);

  void go_on_from(const State& state);
  void take_step(const State& state, Thread thread, std::size_t choice);
  void kill(const State& state, Thread thread);
  void explore_once(const State& state);

  static bool can_go_on(const State& state, Thread thread);
  static std::size_t choices(const State& state, Thread thread);
  std::uint64_t make(State& state, Thread thread, const Access& access, std::size_t choice);
  void run_to_next_access(State& state, Thread thread);
  std::uint64_t last_loaded(Thread thread, Location location) const;
  void found(const std::string& what);
  std::string describe(const Step& step) const;

  const Layout& layout_;
  const std::array<ModelThread, kThreads> threads_;
  Weaken weaken_;
  std::array<std::vector<std::uint64_t>, kThreads> answers_;  // on the way to the present state
  std::vector<Step> way_;
  std::unordered_set<std::uint64_t> seen_;
  Explored explored_;
};

}  // namespace troupe::interleaving
