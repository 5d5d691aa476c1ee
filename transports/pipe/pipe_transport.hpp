// SPDX-License-Identifier: Apache-2.0
#pragma once

// pipe: anonymous pipes, between a process and its family only. A duplex pair is two pipes. An end
// that a process inherited is opened as pipe:?in=N (to receive), pipe:?out=N (to send), or both.

#include "troupe/transports/stream/pipe_stream.hpp"
#include "troupe/transports/stream/stream_connection.hpp"
#include "troupe/transports/transport.hpp"

namespace troupe::transports {

class PipeTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "pipe"; }
  Capabilities capabilities() const noexcept override;
  // Takes the descriptors that the address names over.
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  // Refused: nobody can find a pipe without a name.
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;
};

// The engine over pipe ends, either of which may be empty.
std::unique_ptr<FrameConnection> make_pipe_connection(UniqueFd input, UniqueFd output,
                                                      const Address& peer,
                                                      const ConnectOptions& options);
// Continues a connection of pipe ends that was handed over.
Result<std::unique_ptr<FrameConnection>> adopt_pipe(Handover handover);

}  // namespace troupe::transports
