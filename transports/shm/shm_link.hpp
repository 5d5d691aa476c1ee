// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmLink: what an end of a connection through shared memory is made of: the memory; a bell that
// the peer rings, whoever of this end sleeps, and the peer's; and a socket, which the kernel ends
// when the last holder of the other end is gone, however it went, and by which descriptors cross.

#include "troupe/base/os/event_set.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/shm/shm_segment.hpp"

#include <cstdint>
#include <string>

namespace troupe::transports {

// What is said by the socket once both are connected, by whoever writes the records that mention it
// and before them. Part of the wire format.
struct ShmNote {
  enum class Kind : std::uint8_t {
    descriptors = 1,  // `count` of them, for the next record of lane `id` that has any
    segment = 2,      // memory that loans are in: number `id`, of `size` bytes; its descriptor
    retired = 3,      // nothing of that memory is lent any more, and never will be
  };
  Kind kind = Kind::descriptors;
  std::uint8_t count = 0;
  std::uint16_t zero = 0;
  std::uint32_t id = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(ShmNote) == 16);

struct ShmLink final {
  ShmSegment segment;
  ShmSide side;
  UniqueFd socket;  // empty once closed
  UniqueFd own_bell;
  UniqueFd peer_bell;

  ShmDirection& outgoing() const noexcept { return segment.direction_from(side); }
  ShmDirection& incoming() const noexcept { return segment.direction_from(other(side)); }

  // Thread-safe, also once closed.
  void ring_peer() const noexcept;
  // The same for who of this end waits.
  void ring_self() const noexcept;
  // Whether the last holder of the other end is gone. A system call.
  bool peer_is_gone() const noexcept;
  // What became of the peer, once it is gone: "the peer's process 7 was killed by signal 9".
  std::string end_of_peer() const;
  // What a half of this end sleeps by: its bell, the peer's end, and its greeting where that is
  // still to come. Errors: overloaded, system.
  Result<os::EventSet> make_waits(bool greeted) const;
  // The bell of an end. Errors: overloaded, system.
  static Result<UniqueFd> make_bell(const std::string& doing);
};

Error shm_broken(const char* doing);

}  // namespace troupe::transports
