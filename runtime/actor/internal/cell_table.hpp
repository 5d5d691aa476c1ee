// SPDX-License-Identifier: Apache-2.0
#pragma once

// CellTable: all the places for actors of a runtime. Mapped in slabs, aligned to their size, so
// that a cell finds its System, and its index, from its address. Thread-safe.

#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/sharded_count.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::actor {

class System;

class CellTable final {
 public:
  explicit CellTable(System& system);  // throws Error (overloaded)
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;
  ~CellTable();

  // A vacant place that is the caller's. Throws Error (overloaded).
  Cell& take();
  // It has no actor any more.
  void give_back(Cell& cell) noexcept;

  static System& system_of(const Cell& cell) noexcept { return slab_of(cell).system; }
  static std::uint32_t index_of(const Cell& cell) noexcept;
  Cell* at(std::uint32_t index) const noexcept;

  // Calls visit(cell) for each place that has ever been used.
  template <class Visit>
  void for_each(const Visit& visit) const {
    const std::size_t used = used_.load(std::memory_order_acquire);
    for (std::size_t index = 0; index < used; ++index) {
      visit(*at(static_cast<std::uint32_t>(index)));
    }
  }
  std::size_t used() const noexcept { return used_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t kSlabBytes = std::size_t{256} << 10;
  static constexpr std::size_t kCells = kSlabBytes / sizeof(Cell) - 1;
  static constexpr std::size_t kMostSlabs = std::size_t{1} << 16;
  static constexpr std::size_t kShards = 16;

  struct alignas(Cell) Slab {
    System& system;
    std::uint32_t first;  // index of its first cell
  };
  static_assert(sizeof(Slab) <= sizeof(Cell));

  static const Slab& slab_of(const Cell& cell) noexcept {
    const auto* const at = reinterpret_cast<const std::byte*>(&cell);
    return *reinterpret_cast<const Slab*>(at - reinterpret_cast<std::uintptr_t>(at) % kSlabBytes);
  }
  Cell* fresh();
  void map_slab();

  // Vacant places of some threads: those that end here begin here again.
  struct alignas(64) Shard {
    SpinLock lock;
    std::vector<Cell*> vacant;          // guarded by lock
    std::atomic<std::size_t> count{0};  // of vacant: for those who look from outside
  };

  void take_from_others(Shard& mine);
  Shard& shard() noexcept { return shards_[thread_number() % kShards]; }

  std::array<Shard, kShards> shards_;
  System& system_;
  // Written with lock_ held.
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> mapped_{0};
  // kMostSlabs of them. Mapped: what is not used is never touched.
  std::atomic<std::byte*>* const slabs_;
  SpinLock lock_;  // of what has never been used
};

}  // namespace troupe::actor
