// SPDX-License-Identifier: Apache-2.0
#pragma once

// SocketStream: the bytes of a connected stream socket, Unix or TCP.

#include "troupe/transports/socket/silence_watch.hpp"
#include "troupe/transports/stream/byte_stream.hpp"

namespace troupe::transports {

class SocketStream final : public ByteStream {
 public:
  enum class Kind : std::uint8_t { local, network };  // local sockets carry descriptors

  SocketStream(UniqueFd socket, Kind kind)
      : socket_(std::move(socket)),
        kind_(kind),
        watch_(kind == Kind::network ? socket_.get() : -1) {}

  Result<Transfer> try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) override;
  Result<Transfer> try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) override;
  Readiness readable() const noexcept override;
  Readiness writable() const noexcept override;
  bool carries_fds() const noexcept override { return kind_ == Kind::local; }
  Result<Ends> duplicate() const override;

 private:
  const UniqueFd socket_;
  const Kind kind_;
  const SilenceWatch watch_;
};

}  // namespace troupe::transports
