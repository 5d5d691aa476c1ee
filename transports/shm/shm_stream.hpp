// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmStream: the bytes of one connection through shared memory. While both sides are awake no
// system call is made. Two sockets stand beside the rings, each for one kind of waiting: by `bell`
// comes that there are bytes to read, with the descriptors that some of them mention; by `room`
// that there is room to write. A peer that is gone, however it went, ends both, which wakes
// whoever waits; what it had written until then is still read.

#include "troupe/transports/shm/shm_segment.hpp"
#include "troupe/transports/stream/byte_stream.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::transports {

class ShmStream final : public ByteStream {
 public:
  // What an end is made of, and what another process needs to go on with it.
  struct Parts {
    ShmSegment segment;
    ShmSide side;
    UniqueFd bell;
    UniqueFd room;
  };
  // `greeted`: the peer will not say which build it is: it is this one, or has said so.
  ShmStream(Parts parts, bool greeted);
  ~ShmStream() override;
  // Goes on with an end that was handed over. Errors: malformed, refused, overloaded, system.
  static Result<std::unique_ptr<ShmStream>> adopt(Handover& handover, const std::string& doing);

  Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) override;
  Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) override;
  bool arm_read() override;
  Readiness readable() const noexcept override;
  Readiness writable() const noexcept override;
  bool carries_fds() const noexcept override { return true; }
  Result<Ends> duplicate() const override;

 private:
  // Descriptors, and the position in the ring after the write that they go with.
  struct Batch {
    std::vector<UniqueFd> fds;
    std::optional<std::uint64_t> end;  // none: not heard yet
  };

  Result<Progress> send_descriptors(std::span<UniqueFd> fds, std::size_t with);
  Result<Progress> hear_bell();
  Result<void> understand();
  Result<std::size_t> bytes_to_read();
  void hear_room() noexcept;

  const Parts parts_;

  // The writing half's.
  RingWriter writer_;
  bool waits_for_room_ = false;
  bool bell_is_full_ = false;  // with what the reader has not heard yet
  bool reader_gone_ = false;

  // The reading half's.
  RingReader reader_;
  bool waits_for_bytes_ = false;
  bool writer_gone_ = false;
  bool greeted_;
  Bytes heard_;  // by the bell, and not understood yet: the beginning of something
  std::deque<Batch> batches_;
};

}  // namespace troupe::transports
