// SPDX-License-Identifier: Apache-2.0
#pragma once

// ByteRing: one direction of bytes through memory that two processes share, with one writer and one
// reader. Each publishes what it did by a single store, so that a kill at any instruction leaves
// the ring whole. Neither trusts the other: positions are checked on a private copy, and a peer
// that breaks them ends its own connection, nothing else.
//
// Waking: who is about to sleep says so (arm_…) and looks once more; who then publishes finds that
// out (take_…) and rings. Both sides store and load in one total order, so one of the two always
// sees the other.

#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe::transports {

// What the two sides share beside the bytes. Positions count all bytes ever, so they only grow.
// Each word has lines of its own; a processor fetches them in pairs. Part of the segment's layout.
struct RingState {
  // `leaving` is a hint to look at the sockets: a copy of that end was closed, maybe the last.
  enum Side : std::uint32_t { awake = 0, asleep = 1, leaving = 2 };

  alignas(128) std::atomic<std::uint64_t> written{0};  // the writer's
  // The writer's, before `written`: how many times descriptors have gone by the socket.
  std::atomic<std::uint64_t> descriptor_sends{0};
  alignas(128) std::atomic<std::uint64_t> read{0};  // the reader's
  std::atomic<std::uint64_t> descriptor_receives{0};
  alignas(128) std::atomic<std::uint32_t> reader{awake};
  alignas(128) std::atomic<std::uint32_t> writer{awake};
};
static_assert(sizeof(RingState) == 512 && std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free);

class RingWriter final {
 public:
  // `area` is a power of two.
  RingWriter(RingState& state, std::span<std::byte> area) noexcept;

  // How many bytes a write would take; 0 also when the reader has broken the ring.
  std::size_t room() noexcept;
  // Copies from the front of `pieces`, at most what room() said last and was not used since.
  std::size_t write(std::span<const iovec> pieces) noexcept;

  // After a write: the reader sleeps and is to be rung, once.
  bool take_sleeper() noexcept;
  // Before sleeping. False: there is room after all. The reader rings in either case: beside the
  // caller, others may sleep.
  bool arm() noexcept;

  bool is_broken() const noexcept { return broken_; }  // the reader has been where it cannot be
  std::uint64_t position() const noexcept { return written_; }
  void count_descriptor_send() noexcept;
  void leave() noexcept;
  bool take_leaving() noexcept;  // the reader's hint

 private:
  bool fetch_room() noexcept;

  RingState& state_;
  const std::span<std::byte> area_;
  std::uint64_t written_;
  std::uint64_t read_;  // as last seen
  bool broken_ = false;
};

class RingReader final {
 public:
  RingReader(RingState& state, std::span<const std::byte> area) noexcept;

  // How many bytes a read would give; 0 also when the writer has broken the ring.
  std::size_t available() noexcept;
  // Copies what there is into `places`, at most `limit`.
  std::size_t read(std::span<const iovec> places, std::size_t limit) noexcept;
  bool is_broken() const noexcept { return broken_; }  // the writer has been where it cannot be

  bool take_sleeper() noexcept;
  // Before sleeping. False: there is something after all, or the ring is broken.
  bool arm() noexcept;

  std::uint64_t position() const noexcept { return read_; }
  // Descriptors have been sent, for bytes up to the last that were seen, that are not received yet.
  bool descriptors_due() const noexcept;
  void count_descriptor_receive() noexcept;
  void leave() noexcept;
  bool take_leaving() noexcept;  // the writer's hint

 private:
  RingState& state_;
  const std::span<const std::byte> area_;
  std::uint64_t written_;  // as last seen
  std::uint64_t read_;
  std::uint64_t descriptor_receives_;
  bool broken_ = false;
};

}  // namespace troupe::transports
