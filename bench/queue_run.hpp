// SPDX-License-Identifier: Apache-2.0
#pragma once

// How queues are run and measured, ours and those of peers: queue.cpp and queue_latency.cpp say
// what is measured. What runs in a process of its own is forked from the measuring one, which must
// not have threads yet.

#include "exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

// Items a second that are finished, by a count that goes up: in the time of a round, once the first
// one is and a quarter of that time has passed.
double finished_a_second(const std::function<std::uint64_t()>& finished,
                         std::chrono::nanoseconds duration);

// What one consumer has finished; in memory that the measuring process sees.
class Tally final {
 public:
  void add(std::uint64_t count) noexcept {
    const auto before = finished_.load(std::memory_order_relaxed);  // nobody else writes
    finished_.store(before + count, std::memory_order_relaxed);
  }
  std::uint64_t finished() const noexcept { return finished_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::uint64_t> finished_{0};
};

// Both run until they are killed; `place` numbers each kind from 0.
struct QueueEnds {
  std::function<void(int place)> produce;
  std::function<void(int place, Tally& tally)> consume;
};
// Items a second, of as many of each as `use` says.
double items_a_second(const QueueUse& use, const QueueEnds& ends,
                      std::chrono::nanoseconds duration);

// An item of that size as peers carry it: a number, and what fills it.
std::vector<std::byte> item_bytes(std::size_t size, std::uint64_t number);
// Throws unless it is as large as that.
std::uint64_t item_number(const void* item, std::size_t size, std::size_t expected);

// The figure of many measured times, in seconds.
enum class Quantile { median, p99 };
double quantile(std::vector<double> times, Quantile which);

// One item at a time through a queue.
struct Taker {
  std::function<std::uint64_t()> take;  // the number of the next item
  std::function<void()> finish;         // the item is done with
};
struct LoneItem {
  std::function<std::function<void(std::uint64_t number)>()> producer;  // called where it puts
  std::function<Taker()> consumer;                                      // called here
};
inline constexpr std::size_t kLoneItemBytes = 64;
// Seconds from before a put in one process until its item is taken here.
double put_to_take(const LoneItem& item, Quantile which, std::chrono::nanoseconds duration);

// Calls `seconds` for so long, and ten times at least.
double median_within(std::chrono::nanoseconds duration, const std::function<double()>& seconds);

}  // namespace bench
