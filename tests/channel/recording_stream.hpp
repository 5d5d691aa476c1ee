// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Unix socket pair whose first end counts the system calls that its channel makes.

#include "harness/raw_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/transports/socket/socket_stream.hpp"
#include "troupe/transports/stream/stream_connection.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace troupe::harness {

struct Calls {
  std::atomic<long> writes = 0;
  std::atomic<long> reads = 0;
};

class RecordingStream final : public transports::ByteStream {
 public:
  RecordingStream(UniqueFd socket, Calls& calls)
      : inner_(std::move(socket), transports::SocketStream::Kind::local), calls_(calls) {}

  Result<transports::Transfer> try_write(std::span<iovec> pieces,
                                         std::span<UniqueFd> fds) override {
    ++calls_.writes;
    return inner_.try_write(pieces, fds);
  }
  Result<transports::Transfer> try_read(std::span<iovec> places,
                                        std::vector<UniqueFd>& fds) override {
    ++calls_.reads;
    return inner_.try_read(places, fds);
  }
  transports::Readiness readable() const noexcept override { return inner_.readable(); }
  transports::Readiness writable() const noexcept override { return inner_.writable(); }
  bool carries_fds() const noexcept override { return inner_.carries_fds(); }
  Result<Ends> duplicate() const override { return inner_.duplicate(); }

 private:
  transports::SocketStream inner_;
  Calls& calls_;
};

inline Connection recording(RuntimeCore& runtime, UniqueFd socket, Calls& calls) {
  return Connection{runtime, std::make_unique<transports::StreamConnection>(
                                 std::make_unique<RecordingStream>(std::move(socket), calls),
                                 transports::StreamConnection::Setup{
                                     .peer = "unix:",
                                     .capabilities = {.duplex = true, .fds = true},
                                     .framing = Framing::python,
                                     .max_message = 64U << 20U})};
}

}  // namespace troupe::harness
