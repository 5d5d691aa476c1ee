// SPDX-License-Identifier: Apache-2.0
#include "erlang.hpp"

#include "../bounded_buffer.hpp"
#include "../child_program.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench::erlang {
namespace {

// The emulator, at that work.
ChildProgram start(const std::string& work, const std::vector<std::uint64_t>& numbers) {
  constexpr std::uint64_t kMostProcesses = 2'000'000;
  // clang-format off
  std::vector<std::string> words{"env", "ERL_CRASH_DUMP_SECONDS=0", "erl",
                                 "+P", std::to_string(kMostProcesses), "-noshell", "-noinput",
                                 "-pa", TROUPE_BENCH_ERLANG, "-run", "erlang_actors", "main", work};
  // clang-format on
  for (const std::uint64_t number : numbers) {
    words.push_back(std::to_string(number));
  }
  return ChildProgram{std::move(words)};
}

// The number that it prints when it has done the work.
double number(const std::string& work, const std::vector<std::uint64_t>& numbers) {
  return std::stod(start(work, numbers).output());
}

// For works that do not end: when they are under way.
void await_begin(ChildProgram& child) {
  if (child.line() != "begun") throw std::runtime_error{"erl has not begun"};
}

double ping_pong(const Effort& effort) {
  return number("ping_pong", {scaled(kRoundTrips, effort)});
}

double senders(std::uint64_t senders, const Effort& effort) {
  const std::uint64_t messages = scaled(kMessages, effort);
  return number("senders", {senders, messages, many_sum(senders, messages)});
}

Spawned spawn(const Effort& /*effort*/) {
  Spawned spawned;
  std::istringstream{start("spawn", {kSpawned}).output()} >> spawned.seconds >> spawned.bytes;
  return spawned;
}

double skynet(const Effort& /*effort*/) {
  return number("skynet", {kLeaves, kBranches, kLeavesSum});
}

double thread_ring(const Effort& /*effort*/) {
  return number("thread_ring", {kRingActors, kRingHops});
}

double buffered(const Effort& effort) {
  using namespace bounded_buffer;  // NOLINT(google-build-using-namespace): its constants
  const std::uint64_t items = scaled(kItemsEach, effort);
  ChildProgram child = start("bounded_buffer", {kEnough, kProducers, kConsumers, items, kLoops});
  double seconds = 0;
  double consumed = 0;
  std::istringstream{child.output()} >> seconds >> consumed;
  check(consumed, items);
  return seconds * static_cast<double>(kItemsEach) / static_cast<double>(items);
}

double ask(const Effort& effort) {
  return number("ask", {scaled(kAsks, effort)});
}

Use idle(const Effort& effort) {
  ChildProgram child = start("idle", {kIdle});
  await_begin(child);
  return watch_idle(child.pid(), effort);
}

double slow_consumer(const Effort& effort) {
  ChildProgram child = start(
      "slow_consumer", {static_cast<std::uint64_t>(kProducedEachSecond),
                        static_cast<std::uint64_t>(kProducerTick.count()),
                        static_cast<std::uint64_t>(std::chrono::nanoseconds{kHandling}.count())});
  await_begin(child);
  return watch_growth(child.pid(), effort);
}

}  // namespace

ActorSide actors() {
  return {.ping_pong = ping_pong,
          .senders = senders,
          .spawn = spawn,
          .skynet = skynet,
          .thread_ring = thread_ring,
          .bounded_buffer = buffered,
          .ask = ask,
          .idle = idle,
          .slow_consumer = slow_consumer};
}

}  // namespace bench::erlang
