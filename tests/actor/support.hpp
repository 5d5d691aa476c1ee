// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of actors share: gates that hold a handler, actors that record, and looks at a
// runtime from outside.

#include "harness/sanitized.hpp"
#include "troupe/runtime/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::actor_test {

inline RuntimeOptions workers(std::size_t count) {
  RuntimeOptions options;
  options.workers = count;
  return options;
}

// So many of something; under a sanitizer, which is slow, a fiftieth.
constexpr int scaled(int count) {
  return harness::kSanitized ? count / 50 : count;
}

// Until it is so; the watchdog ends it otherwise.
template <class Condition>
void wait_until(const Condition& condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

// Blocks the threads that pass until it is open. Copies share.
class Gate final {
 public:
  void open() const {
    open_->store(true);
    open_->notify_all();
  }
  void pass() const { open_->wait(false); }
  bool is_open() const { return open_->load(); }

 private:
  std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(false);
};

// Holds the actor that gets it, and the thread that it runs on.
struct Hold {
  Gate begun;
  Gate end;
};

inline void hold(const Hold& gates) {
  gates.begun.open();
  gates.end.pass();
}

struct Read {};

// Remembers the numbers that it got, in their order.
class Recorder final {
 public:
  using Accepts = Protocol<void(int), std::vector<int>(Read), void(Hold)>;

  void handle(int number) { numbers_.push_back(number); }
  std::vector<int> handle(Read /*read*/) { return numbers_; }
  void handle(const Hold& gates) { hold(gates); }

 private:
  std::vector<int> numbers_;
};

inline ActorOptions mailbox(std::size_t capacity, WhenFull when_full) {
  ActorOptions options;
  options.mailbox.capacity = capacity;
  options.mailbox.when_full = when_full;
  return options;
}

inline std::vector<int> numbers(int from, int to) {
  std::vector<int> all;
  for (int i = from; i < to; ++i) {
    all.push_back(i);
  }
  return all;
}

inline std::uint64_t dropped(const Runtime& runtime, const std::string& cause) {
  return runtime.stats().counters.at("troupe_messages_dropped_total{cause=\"" + cause + "\"}");
}

template <class A>
ActorStats stats_of(const Runtime& runtime, const Ref<A>& actor) {
  const Stats stats = runtime.stats();
  const auto found = std::ranges::find(stats.actors, actor.id(), &ActorStats::id);
  return found != stats.actors.end() ? *found : ActorStats{};
}

template <class A>
void wait_until_it_waits(const Runtime& runtime, const Ref<A>& actor) {
  wait_until([&] { return stats_of(runtime, actor).state == "waiting"; });
}

template <class A>
bool is_alive(const Runtime& runtime, const Ref<A>& actor) {
  return stats_of(runtime, actor).id == actor.id();
}

}  // namespace troupe::actor_test
