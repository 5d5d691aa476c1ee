// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqStream: the bytes of a session over ZeroMQ, for the stream engine. A message of ZeroMQ carries
// as many bytes as are to be sent now, be they many frames or a part of one. Never blocks; one
// thread may read while another writes.

#include "troupe/transports/stream/byte_stream.hpp"
#include "troupe/transports/zmq/internal/zmq_end.hpp"

#include <memory>

namespace troupe::transports {

class ZmqStream final : public ByteStream {
 public:
  explicit ZmqStream(std::unique_ptr<ZmqEnd> end) : end_(std::move(end)) {}

  Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) override;
  Result<Progress> try_finish() override;
  Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) override;
  bool holds_received() const noexcept override;
  bool arm() override;
  Readiness readable() const noexcept override { return end_->readable(); }
  Readiness writable() const noexcept override { return end_->writable(); }
  bool carries_fds() const noexcept override { return false; }
  std::string peer_key() const override { return end_->peer_key(); }
  Result<Ends> duplicate() const override;  // refused: libzmq's threads are this process's

 private:
  const std::unique_ptr<ZmqEnd> end_;
};

}  // namespace troupe::transports
