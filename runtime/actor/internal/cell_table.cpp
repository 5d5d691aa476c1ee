// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/cell_table.hpp"

#include "troupe/base/error.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <mutex>
#include <new>
#include <string>

namespace troupe::actor {

CellTable::~CellTable() {
  for_each([](Cell& cell) {
    cell.discard_rest();
    delete cell.extras();
    cell.~Cell();
  });
  for (auto& slab : slabs_) {
    if (std::byte* const memory = slab.load(); memory != nullptr) {
      ::munmap(memory, kSlabBytes);
    }
  }
}

std::uint32_t CellTable::index_of(const Cell& cell) noexcept {
  const Slab& slab = slab_of(cell);
  const auto offset = reinterpret_cast<const std::byte*>(&cell) -
                      reinterpret_cast<const std::byte*>(&slab);
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
  const std::lock_guard lock{lock_};
  // One that somebody is being sent away from is left for another time.
  for (std::size_t tries = vacant_.size() < 8 ? vacant_.size() : 8; tries > 0; --tries) {
    Cell* const cell = vacant_.back();
    vacant_.pop_back();
    if (cell->claim()) {
      return *cell;
    }
    vacant_.insert(vacant_.begin(), cell);
  }
  Cell* const cell = fresh();
  (void)cell->claim();
  return *cell;
}

void CellTable::give_back(Cell& cell) noexcept {
  const std::lock_guard lock{lock_};
  vacant_.push_back(&cell);
}

Cell* CellTable::fresh() {
  const std::size_t index = used_.load(std::memory_order_relaxed);
  if (index == mapped_.load(std::memory_order_relaxed)) {
    map_slab();
  }
  std::byte* const slab = slabs_[index / kCells].load(std::memory_order_relaxed);
  Cell* const cell = ::new (slab + sizeof(Cell) * (index % kCells + 1)) Cell;
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
  ::new (begin + before) Slab{system_, static_cast<std::uint32_t>(count)};
  slabs_[count / kCells].store(begin + before, std::memory_order_release);
  mapped_.store(count + kCells, std::memory_order_relaxed);
}

}  // namespace troupe::actor
