// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmSegment: the memory of one connection: a head that says what it is, and for each direction two
// rings of records, one for each lane, and the counts by which loans come back.
// docs/wire-protocol.md#the-shared-segment has the table of bytes.

#include "troupe/base/os/memory.hpp"
#include "troupe/transports/shm/shared_area.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace troupe::transports {

// Which of the two directions an end writes to.
enum class ShmSide : std::uint8_t { listener, client };

constexpr ShmSide other(ShmSide side) noexcept {
  return side == ShmSide::listener ? ShmSide::client : ShmSide::listener;
}

// How many loans of one end may be out at once.
constexpr std::size_t kMostLoans = 256;

// What the two sides of one direction share beside the areas. Part of the segment's layout.
struct ShmDirection {
  ShmRingWords data;
  ShmRingWords control;
  ShmSleepWord reader;
  ShmSleepWord writer;
  // The writer takes part in os::make_all_visible: the reader may promise to call it.
  alignas(128) std::atomic<std::uint32_t> writer_takes_part{0};
  // For the text of an error: which process it is, as it sees itself; and that it has closed.
  std::atomic<std::uint32_t> writer_process{0};
  std::atomic<std::uint32_t> writer_closed{0};
  // The reader's: how many times it has ever given back the loan of each slot.
  alignas(128) std::array<std::atomic<std::uint32_t>, kMostLoans> returns{};
};
static_assert(sizeof(ShmDirection) == 1920 && std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint64_t>) == 8);

class ShmSegment final {
 public:
  static constexpr std::uint32_t kVersion = 2;
  static constexpr std::size_t kDefaultRing = 256U << 10U;
  static constexpr std::size_t kLeastRing = 4096;
  static constexpr std::size_t kLargestRing = 1U << 30U;
  static constexpr std::size_t kControlRing = 16U << 10U;

  // What the head says: also what the two sides tell each other before they trust a segment.
  struct Head {
    static constexpr std::uint64_t kMagic = 0x6d68732d65707274;  // "trpe-shm"

    std::uint64_t magic = kMagic;
    std::uint32_t version = kVersion;
    std::uint32_t layout = 0;  // differs where sizes, places or the order of bytes do
    std::uint64_t ring = 0;    // bytes of each data ring: a power of two
  };
  // That of a segment of this build.
  static Head head_for(std::size_t ring) noexcept;
  // Whether this build understands it. Errors: refused, with both versions; malformed.
  static Result<void> check(const Head& head, const std::string& doing);

  // `ring` is a power of two from kLeastRing to kLargestRing. Errors: overloaded, system.
  static Result<ShmSegment> create(std::size_t ring, const std::string& doing);
  // What a peer has made. Errors: refused, malformed, overloaded, system.
  static Result<ShmSegment> open(UniqueFd memory, const std::string& doing);

  int fd() const noexcept { return memory_.get(); }
  // What an end of that side writes by, and the other reads by.
  ShmDirection& direction_from(ShmSide side) const noexcept;
  SharedArea data_from(ShmSide side) const noexcept;
  SharedArea control_from(ShmSide side) const noexcept;

 private:
  ShmSegment(UniqueFd memory, os::Mapping mapping, std::size_t ring) noexcept
      : memory_(std::move(memory)), mapping_(std::move(mapping)), ring_(ring) {}

  UniqueFd memory_;
  os::Mapping mapping_;
  std::size_t ring_;
};

}  // namespace troupe::transports
