// SPDX-License-Identifier: Apache-2.0
#include "transports/interleaving/explorer.hpp"

#include "troupe/base/check.hpp"

#include <csetjmp>
#include <utility>

namespace troupe::interleaving {
namespace {

using Kind = Access::Kind;

constexpr std::size_t kMostAnswers = 1000;  // a thread that goes on for ever is a bug of the test

bool is_part_of_step(Kind kind) {
  return kind >= Kind::write_content;
}

}  // namespace

// ---- one thread --------------------------------------------------------------------------------

// A thread being run: first with the answers that it got before, then up to its next access.
class Explorer::Run final {
 public:
  Run(Explorer& explorer, State& state, Thread thread)
      : explorer_(explorer), state_(state), thread_(thread) {
    present = this;
  }
  ~Run() { present = nullptr; }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Does not always return.
  std::uint64_t answer(const Access& asked) {
    auto& answers = explorer_.answers_[thread_];
    if (replayed_ < answers.size()) return answers[replayed_++];
    TROUPE_CHECK(answers.size() < kMostAnswers);
    ThreadState& self = state_.threads[thread_];
    self.next = asked;
    if (explorer_.weaken_) {
      self.next = explorer_.weaken_(asked, explorer_.layout_.name_of(asked.location));
    }
    if (!is_part_of_step(asked.kind)) {
      std::longjmp(left, 1);
    }
    ++replayed_;
    return explorer_.make(state_, thread_, asked, 0);
  }
  void settle(std::uint64_t hash, std::optional<Location> loaded) {
    if (replayed_ < explorer_.answers_[thread_].size()) return;
    if (loaded) hash = mix(hash, explorer_.last_loaded(thread_, *loaded));
    state_.threads[thread_].hash = hash;
  }
  [[noreturn]] void fail(const char* why) {
    explorer_.found(explorer_.threads_[thread_].name + ": " + why);
    std::longjmp(left, 1);
  }

  static thread_local Run* present;
  std::jmp_buf left;

 private:
  Explorer& explorer_;
  State& state_;
  const Thread thread_;
  std::size_t replayed_ = 0;
};

thread_local Explorer::Run* Explorer::Run::present = nullptr;

std::uint64_t access(const Access& access) {
  return Explorer::Run::present->answer(access);
}
void fail(const char* why) {
  Explorer::Run::present->fail(why);
}
void settle(std::uint64_t value, std::optional<Location> loaded, int line) {
  Explorer::Run::present->settle(mix(static_cast<std::uint64_t>(line), value), loaded);
}

void Explorer::run_to_next_access(State& state, Thread thread) {
  Run run{*this, state, thread};
  if (setjmp(run.left) == 0) {
    threads_[thread].run();
    state.threads[thread].is_done = true;
  }
}

// ---- one access --------------------------------------------------------------------------------

std::size_t Explorer::choices(const State& state, Thread thread) {
  const Access& next = state.threads[thread].next;
  const std::size_t readable = state.memory.readable(thread, next.location);
  switch (next.kind) {
    case Kind::load:
    case Kind::compare_exchange:  // may fail because of an older store
      return readable;
    case Kind::exchange:
    case Kind::add:
      return next.torn ? readable : 1;
    case Kind::choose:
      return next.operand;
    default:
      return 1;
  }
}

std::uint64_t Explorer::make(State& state, Thread thread, const Access& access,
                             std::size_t choice) {
  Memory& memory = state.memory;
  const Location location = access.location;
  const std::uint64_t answer = [&]() -> std::uint64_t {
    switch (access.kind) {
      case Kind::load:
        return memory.load(thread, location, choice, access.order);
      case Kind::store:
        memory.store(thread, location, access.operand, access.order);
        return 0;
      case Kind::exchange:
      case Kind::add: {
        const std::uint64_t before = memory.value(location, choice);
        const std::uint64_t after =
            access.kind == Kind::exchange ? access.operand : before + access.operand;
        if (!access.torn) return memory.read_modify_write(thread, location, after, access.order);
        memory.load(thread, location, choice, access.order);
        memory.store(thread, location, after, access.order);
        return before;
      }
      case Kind::compare_exchange:
        if (choice == 0 && memory.value(location, 0) == access.expected) {
          return memory.read_modify_write(thread, location, access.operand, access.order);
        }
        return memory.load(thread, location, choice, access.order);
      case Kind::write_content:
        memory.write_content(thread, location, access.operand);
        return 0;
      case Kind::read_content:
        return memory.read_content(thread, location);
      case Kind::make_all_visible:
        memory.make_all_visible();
        return 0;
      case Kind::ring:
        state.threads[1 - thread].is_rung = true;
        return 0;
      case Kind::sleep:
        if (std::exchange(state.threads[thread].is_rung, false)) return 0;
        memory.see_everything(thread);
        return 1;
      case Kind::choose:
        return choice;
      case Kind::count:
        return ++state.counted;
      case Kind::counted:
        return state.counted;
    }
    return 0;
  }();
  answers_[thread].push_back(answer);
  state.threads[thread].hash = mix(state.threads[thread].hash, answer);
  const bool reads = access.kind == Kind::load || access.kind == Kind::compare_exchange;
  way_.push_back({thread, access, answer, reads ? choice : 0});
  if (memory.has_race()) {
    found("a data race");
  }
  return answer;
}

std::uint64_t Explorer::last_loaded(Thread thread, Location location) const {
  for (std::size_t i = way_.size(); i-- > 0;) {
    const Step& step = way_[i];
    if (!step.kills && step.thread == thread && step.access.location == location &&
        step.access.kind == Kind::load) {
      return step.answer;
    }
  }
  return 0;
}

// ---- all of them -------------------------------------------------------------------------------

Explorer::Explorer(const Layout& layout, std::array<ModelThread, kThreads> threads)
    : layout_(layout), threads_(std::move(threads)) {}

std::uint64_t Explorer::State::hash() const {
  std::uint64_t hash = mix(memory.hash(), counted);
  for (const ThreadState& thread : threads) {
    const unsigned flags =
        (thread.is_done ? 1U : 0U) | (thread.is_dead ? 2U : 0U) | (thread.is_rung ? 4U : 0U);
    hash = mix(mix(hash, thread.hash), flags);
  }
  return hash;
}

bool Explorer::can_go_on(const State& state, Thread thread) {
  const ThreadState& self = state.threads[thread];
  if (self.is_done || self.is_dead) return false;
  return self.next.kind != Kind::sleep || self.is_rung || state.threads[1 - thread].is_dead;
}

Explored Explorer::explore() {
  State begin{layout_.memory(), {}, 0};
  for (Thread thread = 0; thread < kThreads; ++thread) {
    run_to_next_access(begin, thread);
  }
  explore_once(begin);
  return explored_;
}

void Explorer::explore_once(const State& state) {
  if (explored_.failure.empty() && seen_.insert(state.hash()).second) {
    ++explored_.states;
    go_on_from(state);
  }
}

void Explorer::go_on_from(const State& state) {
  bool anybody = false;
  bool all_done = true;
  for (Thread thread = 0; thread < kThreads; ++thread) {
    const ThreadState& self = state.threads[thread];
    all_done = all_done && (self.is_done || self.is_dead);
    if (can_go_on(state, thread)) {
      anybody = true;
      for (std::size_t choice = 0; choice < choices(state, thread); ++choice) {
        take_step(state, thread, choice);
      }
    }
    if (threads_[thread].may_be_killed && !self.is_done && !self.is_dead) {
      kill(state, thread);
    }
  }
  if (all_done) {
    ++explored_.ends;
  } else if (!anybody && explored_.failure.empty()) {
    found("nobody can go on: a wake-up was lost");
  }
}

void Explorer::take_step(const State& state, Thread thread, std::size_t choice) {
  const Access& asked = state.threads[thread].next;
  if (asked.kind == Kind::compare_exchange && choice > 0 &&
      state.memory.value(asked.location, choice) == asked.expected) {
    return;  // it would not have failed
  }
  if (!explored_.failure.empty()) return;
  ++explored_.steps;
  if (asked.kind == Kind::sleep) ++explored_.sleeps[thread];
  const std::size_t way = way_.size();
  std::array<std::size_t, kThreads> answered{};
  for (std::size_t i = 0; i < kThreads; ++i) {
    answered[i] = answers_[i].size();
  }

  State next = state;
  make(next, thread, asked, choice);
  if (explored_.failure.empty()) {
    run_to_next_access(next, thread);
  }
  explore_once(next);

  way_.resize(way);
  for (std::size_t i = 0; i < kThreads; ++i) {
    answers_[i].resize(answered[i]);
  }
}

void Explorer::kill(const State& state, Thread thread) {
  State next = state;
  next.threads[thread].is_dead = true;
  way_.push_back({thread, {}, 0, 0, true});
  explore_once(next);
  way_.pop_back();
}

// ---- what went wrong ---------------------------------------------------------------------------

void Explorer::found(const std::string& what) {
  if (!explored_.failure.empty()) return;
  explored_.failure = what + ", after\n";
  for (const Step& step : way_) {
    explored_.failure += describe(step);
  }
}

std::string Explorer::describe(const Step& step) const {
  const std::string& name = threads_[step.thread].name;
  if (step.kills) return "  " + name + " is killed\n";
  const std::string what =
      interleaving::describe(step.access, layout_.name_of(step.access.location), step.answer);
  if (what.empty()) return "";
  const std::string newer =
      step.newer > 0 ? " (" + std::to_string(step.newer) + " newer)" : std::string{};
  return "  " + name + ": " + what + newer + "\n";
}

}  // namespace troupe::interleaving
