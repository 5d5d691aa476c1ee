// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShardedCount: a count that many threads add to at once, each on a cache line that it mostly has
// for itself. The sum is of what had been added when each was looked at. Thread-safe.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace troupe::actor {

// A small number for the calling thread, to shard by: 1, 2, 3… in the order that threads asked.
inline std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> threads{0};
  [[gnu::tls_model("initial-exec")]] static thread_local std::size_t mine = 0;
  if (mine == 0) [[unlikely]] {
    mine = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  return mine;
}

class ShardedCount final {
 public:
  void add(std::uint64_t more) noexcept {
    shards_[thread_number() % kShards].count.fetch_add(more);
  }
  std::uint64_t sum() const noexcept {
    std::uint64_t sum = 0;
    for (const Shard& each : shards_) {
      sum += each.count.load();
    }
    return sum;
  }

 private:
  static constexpr std::size_t kShards = 16;

  struct alignas(64) Shard {
    std::atomic<std::uint64_t> count{0};
  };

  std::array<Shard, kShards> shards_;
};

}  // namespace troupe::actor
