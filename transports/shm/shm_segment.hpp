// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmSegment: the memory of one connection: a head that says what it is, and two byte rings, one
// for each direction. docs/wire-protocol.md#the-shared-segment has the table of bytes.

#include "troupe/base/os/memory.hpp"
#include "troupe/transports/shm/byte_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace troupe::transports {

// Which rings an end writes to and reads from.
enum class ShmSide : std::uint8_t { listener, client };

class ShmSegment final {
 public:
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kDefaultRing = 256U << 10U;
  static constexpr std::size_t kLeastRing = 4096;
  static constexpr std::size_t kLargestRing = 1U << 30U;

  // What the head says: also what the two sides tell each other before they trust a segment.
  struct Head {
    static constexpr std::uint64_t kMagic = 0x6d68732d65707274;  // "trpe-shm"

    std::uint64_t magic = kMagic;
    std::uint32_t version = kVersion;
    std::uint32_t layout = 0;  // differs where sizes, places or the order of bytes do
    std::uint64_t ring = 0;    // bytes of each ring: a power of two
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
  std::size_t ring() const noexcept { return ring_; }
  RingState& state_from(ShmSide side) const noexcept;
  std::span<std::byte> area_from(ShmSide side) const noexcept;

 private:
  ShmSegment(UniqueFd memory, os::Mapping mapping, std::size_t ring) noexcept
      : memory_(std::move(memory)), mapping_(std::move(mapping)), ring_(ring) {}

  UniqueFd memory_;
  os::Mapping mapping_;
  std::size_t ring_;
};

}  // namespace troupe::transports
