// SPDX-License-Identifier: Apache-2.0
#pragma once

// SharedArea: the bytes of one ring of records, in memory that another process writes too.

#include "troupe/transports/shm/record_ring.hpp"
#include "troupe/transports/shm/sleep_word.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe::transports {

class SharedArea final {
 public:
  template <class T>
  using Atomic = std::atomic<T>;

  // A power of two, and aligned to a record's header.
  explicit SharedArea(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}

  std::size_t capacity() const noexcept { return bytes_.size(); }
  std::byte* at(std::size_t offset) const noexcept { return bytes_.data() + offset; }

  std::uint64_t load_header(std::size_t offset, std::memory_order order) const noexcept {
    // A message of 64 bytes reaches into the next line: both are fetched at once, not in turn.
    __builtin_prefetch(bytes_.data() + ((offset + 64) & (bytes_.size() - 1)));
    return header(offset).load(order);
  }
  void store_header(std::size_t offset, std::uint64_t word,
                    std::memory_order order) const noexcept {
    header(offset).store(word, order);
  }

 private:
  std::atomic_ref<std::uint64_t> header(std::size_t offset) const noexcept {
    return std::atomic_ref{*reinterpret_cast<std::uint64_t*>(bytes_.data() + offset)};
  }

  std::span<std::byte> bytes_;
};

using ShmWriter = RecordWriter<SharedArea>;
using ShmReader = RecordReader<SharedArea>;
using ShmRingWords = ShmWriter::Words;
using ShmSleepWord = SleepWord<std::atomic>;

}  // namespace troupe::transports
