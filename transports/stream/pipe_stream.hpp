// SPDX-License-Identifier: Apache-2.0
#pragma once

// PipeStream: the bytes of pipe ends, anonymous or named: one to read from, one to write to, or
// both. What a broken pipe raises as a signal elsewhere is an error here; the program's SIGPIPE is
// left alone.

#include "troupe/transports/stream/byte_stream.hpp"

namespace troupe::transports {

class PipeStream final : public ByteStream {
 public:
  // Either end may be empty.
  PipeStream(UniqueFd input, UniqueFd output);

  Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) override;
  Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) override;
  Readiness readable() const noexcept override;
  Readiness writable() const noexcept override;
  bool carries_fds() const noexcept override { return false; }
  Result<Ends> duplicate() const override;

 private:
  // How not to block on an end, best first.
  enum class Mode : std::uint8_t {
    flagged,  // O_NONBLOCK is set on it, by whoever opened it alone
    nowait,   // RWF_NOWAIT
    polled,   // poll, then no more than a pipe then certainly takes or has
  };

  static Mode mode_of(int fd) noexcept;

  const UniqueFd input_;
  const UniqueFd output_;
  const Mode input_mode_;
  const Mode output_mode_;
};

// pwritev2(2) to a pipe, at its end, that raises no SIGPIPE: EPIPE tells.
ssize_t write_to_pipe(int fd, std::span<const iovec> pieces, int flags = 0) noexcept;

}  // namespace troupe::transports
