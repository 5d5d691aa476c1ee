// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/cell_table.hpp"

#include "troupe/base/error.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <string>

// Extras hang on places, whose memory the leak sanitizer does not look into by itself.
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_LEAK_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_LEAK_SANITIZER
#endif
#endif
#ifdef TROUPE_LEAK_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14; older ones refuse it, and fault pages one by one
#endif

namespace troupe::actor {
namespace {

using SlabIndex = std::atomic<std::byte*>;

SlabIndex* map_index(std::size_t count) {
  void* const mapped = ::mmap(nullptr, count * sizeof(SlabIndex), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    throw Error{Code::overloaded, "start a runtime: there is no memory for a table of actors"};
  }
  return static_cast<SlabIndex*>(mapped);  // fresh pages are zero, as null pointers are
}

// From so many places on, slabs come with their memory.
constexpr std::size_t kPrefaulted = 4096;

void announce_to_sanitizer([[maybe_unused]] const void* slab,
                           [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef TROUPE_LEAK_SANITIZER
  __lsan_register_root_region(slab, bytes);
#endif
}

void withdraw_from_sanitizer([[maybe_unused]] const void* slab,
                             [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef TROUPE_LEAK_SANITIZER
  __lsan_unregister_root_region(slab, bytes);
#endif
}

}  // namespace

CellTable::CellTable(System& system) : system_(system), slabs_(map_index(kMostSlabs)) {}

CellTable::~CellTable() {
  for_each([](Cell& cell) {
    cell.discard_rest();
    delete cell.extras();
    cell.~Cell();
  });
  const std::size_t slabs = mapped_.load() / kCells;  // of many that there could be
  for (std::size_t i = 0; i < slabs; ++i) {
    withdraw_from_sanitizer(slabs_[i].load(), kSlabBytes);
    ::munmap(slabs_[i].load(), kSlabBytes);
  }
  ::munmap(slabs_, kMostSlabs * sizeof(SlabIndex));
}

std::uint32_t CellTable::index_of(const Cell& cell) noexcept {
  const Slab& slab = slab_of(cell);
  const auto offset =
      reinterpret_cast<const std::byte*>(&cell) - reinterpret_cast<const std::byte*>(&slab);
  return slab.first + static_cast<std::uint32_t>(static_cast<std::size_t>(offset) / sizeof(Cell)) -
         1;
}

Cell* CellTable::at(std::uint32_t index) const noexcept {
  if (index >= used_.load(std::memory_order_acquire)) {
    return nullptr;
  }
  std::byte* const slab = slabs_[index / kCells].load(std::memory_order_acquire);
  return std::launder(reinterpret_cast<Cell*>(slab + sizeof(Cell) * (index % kCells + 1)));
}

Cell& CellTable::take() {
  Shard& mine = shard();
  const std::lock_guard lock{mine.lock};
  auto& vacant = mine.vacant;
  if (vacant.empty()) {
    take_from_others(mine);
  }
  // One that somebody is being sent away from is left for another time.
  for (std::size_t tries = std::min<std::size_t>(vacant.size(), 8); tries > 0; --tries) {
    Cell* const cell = vacant.back();
    vacant.pop_back();
    if (cell->claim()) {
      mine.count.store(vacant.size(), std::memory_order_relaxed);
      return *cell;
    }
    vacant.insert(vacant.begin(), cell);
  }
  const std::lock_guard lock_fresh{lock_};
  return *fresh();
}

// The older half of what the first has that has any: actors may begin on one thread and end on
// another all the time.
void CellTable::take_from_others(Shard& mine) {
  const std::size_t shards = std::min(kShards, thread_numbers() + 1);
  for (std::size_t i = 0; i < shards; ++i) {
    Shard& other = shards_[i];
    if (&other == &mine || other.count.load(std::memory_order_relaxed) == 0 ||
        !other.lock.try_lock()) {
      continue;
    }
    const std::lock_guard lock{other.lock, std::adopt_lock};
    const auto count = static_cast<std::ptrdiff_t>((other.vacant.size() + 1) / 2);
    if (count > 0) {
      mine.vacant.assign(other.vacant.begin(), other.vacant.begin() + count);
      other.vacant.erase(other.vacant.begin(), other.vacant.begin() + count);
      mine.count.store(mine.vacant.size(), std::memory_order_relaxed);
      other.count.store(other.vacant.size(), std::memory_order_relaxed);
      return;
    }
  }
}

void CellTable::give_back(Cell& cell) noexcept {
  Shard& mine = shard();
  const std::lock_guard lock{mine.lock};
  mine.vacant.push_back(&cell);
  mine.count.store(mine.vacant.size(), std::memory_order_relaxed);
}

Cell* CellTable::fresh() {
  const std::size_t index = used_.load(std::memory_order_relaxed);
  if (index == mapped_.load(std::memory_order_relaxed)) {
    map_slab();
  }
  std::byte* const slab = slabs_[index / kCells].load(std::memory_order_relaxed);
  Cell* const cell = ::new (slab + sizeof(Cell) * (index % kCells + 1)) Cell{Cell::Fresh{}};
  // Pairs with at() and for_each: publishes the cell.
  used_.store(index + 1, std::memory_order_release);
  return cell;
}

void CellTable::map_slab() {
  const std::size_t count = mapped_.load(std::memory_order_relaxed);
  // Twice the size, of which the aligned part stays.
  void* const mapped = count / kCells < kMostSlabs
                           ? ::mmap(nullptr, 2 * kSlabBytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                           : MAP_FAILED;
  if (mapped == MAP_FAILED) {
    throw Error{Code::overloaded, "spawn an actor: there is no memory for more than " +
                                      std::to_string(count) + " actors"};
  }
  auto* const begin = static_cast<std::byte*>(mapped);
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::size_t before = (kSlabBytes - address % kSlabBytes) % kSlabBytes;
  if (before > 0) {
    ::munmap(begin, before);
  }
  ::munmap(begin + before + kSlabBytes, kSlabBytes - before);
  if (count >= kPrefaulted) {
    // A page fault for each 21 actors costs more than all the rest of spawning them.
    (void)::madvise(begin + before, kSlabBytes, MADV_POPULATE_WRITE);
  }
  announce_to_sanitizer(begin + before, kSlabBytes);
  ::new (begin + before) Slab{system_, static_cast<std::uint32_t>(count)};
  slabs_[count / kCells].store(begin + before, std::memory_order_release);
  mapped_.store(count + kCells, std::memory_order_relaxed);
}

}  // namespace troupe::actor
