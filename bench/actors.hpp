// SPDX-License-Identifier: Apache-2.0
#pragma once

// The works on actors in one process: how large they are, what each side offers, and what the sides
// written in C++ share. actors.cpp says what is measured.

#include "process_use.hpp"
#include "work.hpp"

#include <chrono>
#include <cstdint>

namespace bench {

using SteadyClock = std::chrono::steady_clock;

// How large they are in a run of full length.
inline constexpr std::uint64_t kRoundTrips = 1'000'000;
inline constexpr std::uint64_t kMessages = 4'000'000;  // of all senders together
inline constexpr std::uint64_t kAsks = 1'000'000;
inline constexpr std::uint64_t kSpawned = 1'000'000;
inline constexpr std::uint64_t kLeaves = 1'000'000;  // of skynet: numbered from 0
inline constexpr std::uint64_t kBranches = 10;
inline constexpr std::uint64_t kLeavesSum = 499'999'500'000;
inline constexpr std::uint64_t kRingActors = 100;
inline constexpr std::uint64_t kRingHops = 100'000;
inline constexpr std::uint64_t kIdle = 1000;

// The part of a count, or of a time, that a shorter run is content with.
std::uint64_t scaled(std::uint64_t count, const Effort& effort);
std::chrono::nanoseconds scaled(std::chrono::nanoseconds time, const Effort& effort);

struct Spawned {
  double seconds = 0;  // each
  double bytes = 0;    // each
};

// What a framework offers. Each is called in a process of its own, makes its system there, and
// throws when something is lost. N(x) is scaled(x, effort).
struct ActorSide {
  // Seconds a round trip of a number between two actors: N(kRoundTrips) of them, a tenth before.
  double (*ping_pong)(const Effort& effort) = nullptr;

  // Messages a second that one actor receives from so many others, N(kMessages) in all. Each sender
  // waits for a word, and then sends the numbers from 0 on without pause; the time is from that
  // word to the last message handled. The sum of all the numbers is checked: many_sum().
  double (*senders)(std::uint64_t senders, const Effort& effort) = nullptr;

  // kSpawned actors that wait for a message, their handles kept in a vector. An actor counts itself
  // when it starts; the time is from the first spawn until all have started. Bytes: what
  // resident_bytes() has grown by, the vector's own included.
  Spawned (*spawn)(const Effort& effort) = nullptr;

  // Seconds from the spawn of the root until it has reported the sum, which is kLeavesSum.
  double (*skynet)(const Effort& effort) = nullptr;

  // Seconds a hop: a token that says how many hops are left goes round kRingActors actors, each of
  // which was told its neighbour by a message; kRingHops, after a tenth uncounted.
  double (*thread_ring)(const Effort& effort) = nullptr;

  // Seconds that bounded_buffer.hpp's work takes, for all its items: with fewer of them in a
  // shorter run, so many times as long.
  double (*bounded_buffer)(const Effort& effort) = nullptr;

  // Seconds an ask: one actor asks another for a number, and asks for the next one when it has the
  // reply; N(kAsks) of them, a tenth before.
  double (*ask)(const Effort& effort) = nullptr;

  // What the process does a second while kIdle actors wait for a message: watch_idle().
  Use (*idle)(const Effort& effort) = nullptr;

  // Bytes that the process has grown by, as watch_growth() has them, while a producer sends as Pace
  // says to a consumer that needs kHandling for each.
  double (*slow_consumer)(const Effort& effort) = nullptr;
};

ActorSide our_actors();  // our_actors.cpp

// The sum of the numbers that so many senders send, `messages` in all.
std::uint64_t many_sum(std::uint64_t senders, std::uint64_t messages);

// Watches a process that is at rest, after a second in which it comes to rest.
Use watch_idle(pid_t process, const Effort& effort);

// Watches the memory of a process for 30 s, and returns what it holds more at the end than after
// the third. Stops early when that is 2 GiB.
double watch_growth(pid_t process, const Effort& effort);

// Ten times what the consumer can take.
inline constexpr std::chrono::microseconds kHandling{100};
inline constexpr double kProducedEachSecond = 100'000;
inline constexpr std::chrono::milliseconds kProducerTick{1};  // it sends what is due, and waits

// How many messages a producer has to send now.
class Pace final {
 public:
  std::uint64_t due() noexcept {
    const std::chrono::duration<double> passed = SteadyClock::now() - begin_;
    const auto all = static_cast<std::uint64_t>(passed.count() * kProducedEachSecond);
    const std::uint64_t now = all - sent_;
    sent_ = all;
    return now;
  }

 private:
  SteadyClock::time_point begin_ = SteadyClock::now();
  std::uint64_t sent_ = 0;
};

// Uses a CPU for so long.
inline void be_busy(std::chrono::nanoseconds duration) {
  const auto end = SteadyClock::now() + duration;
  while (SteadyClock::now() < end) {
  }
}

inline double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// Times laps: of so many, and of a tenth as many that go before.
class Laps final {
 public:
  explicit Laps(std::uint64_t count) : count_(count), next_(count / 10) {}

  // Told after each lap; true when it was the last.
  bool done() {
    if (++made_ < next_) return false;
    const auto now = SteadyClock::now();
    if (made_ > count_) {
      end_ = now;
      return true;
    }
    begin_ = now;
    next_ = made_ + count_;
    return false;
  }
  double seconds_each() const {
    return std::chrono::duration<double>(end_ - begin_).count() / static_cast<double>(count_);
  }

 private:
  std::uint64_t count_;
  std::uint64_t made_ = 0;
  std::uint64_t next_;
  SteadyClock::time_point begin_;
  SteadyClock::time_point end_;
};

}  // namespace bench
