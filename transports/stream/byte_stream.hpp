// SPDX-License-Identifier: Apache-2.0
#pragma once

// ByteStream: the bytes below the frames of the stream engine: a socket, a pair of pipe ends, TLS.
// Never blocks, and never changes the flags of a descriptor that another process may share. Reading
// and writing are independent; each is done by one thread at a time.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace troupe::transports {

// What one attempt moved: bytes, or nothing because it would block, or nothing because the peer
// ended.
struct Transfer {
  enum class Status : std::uint8_t { moved, would_block, end };
  Status status = Status::moved;
  std::size_t bytes = 0;
};

class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  // Writes from the front of `pieces`. Descriptors go with the first byte, all or none; they are
  // moved from when a byte has left. Errors: disconnected, invalid_argument (descriptors cannot
  // cross), system.
  virtual Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) = 0;

  // Reads into `places` in order; descriptors that came are appended to `fds`. Errors:
  // disconnected, malformed (descriptors were cut off), system.
  virtual Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) = 0;

  // Of the bytes that try_write has moved, those that have not left: a stream that encrypts must
  // write what it has encrypted. The sending thread's, as is what writes them.
  virtual std::size_t held() const noexcept { return 0; }
  virtual Result<Progress> try_flush() { return Progress::done; }
  // Tells the peer that nothing more comes, where the stream has a word for that. Errors as
  // try_write.
  virtual Result<Progress> try_finish() { return Progress::done; }

  // A read may find something although readable() is not. The receiving thread's.
  virtual bool holds_received() const noexcept { return false; }
  // Before waiting for readable(): whether a read finds something already.
  virtual bool arm() { return holds_received(); }

  virtual Readiness readable() const noexcept = 0;
  virtual Readiness writable() const noexcept = 0;
  virtual bool carries_fds() const noexcept = 0;
  // See FrameConnection.
  virtual std::string peer_key() const { return {}; }

  // Duplicates of the descriptors, for another process; -1 where a direction is missing. Errors:
  // refused (it cannot go on elsewhere), system.
  struct Ends {
    UniqueFd input;
    UniqueFd output{};  // empty when `input` serves both ways
  };
  virtual Result<Ends> duplicate() const = 0;
};

}  // namespace troupe::transports
