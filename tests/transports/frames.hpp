// SPDX-License-Identifier: Apache-2.0
#pragma once

// The verbs of the suites: whole messages through a FrameConnection, with waiting by poll(2).

#include "troupe/base/bytes.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::harness {

// A frame on its way out, with all it refers to.
class Outgoing final {
 public:
  explicit Outgoing(const Bytes& body, std::vector<UniqueFd> fds = {});
  explicit Outgoing(std::string_view body, std::vector<UniqueFd> fds = {});
  // In several pieces.
  explicit Outgoing(std::vector<Bytes> pieces);
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing() = default;

  transports::OutgoingFrame frame;

 private:
  std::vector<Bytes> storage_;
  std::vector<std::span<const std::byte>> pieces_;
  std::vector<UniqueFd> fds_;
};

// Waits until a receive may get further than before.
void await_receivable(transports::FrameConnection& connection);
void await_writable(transports::FrameConnection& connection);

// Sends what must be accepted at once.
void send(transports::FrameConnection& connection, std::string_view body,
          transports::Lane lane = transports::Lane::data,
          transports::When when = transports::When::now);
// Sends, waiting while the peer is slow.
Result<void> send_waiting(transports::FrameConnection& connection, Outgoing& message,
                          transports::Lane lane = transports::Lane::data);
// Writes all that is buffered, waiting while the peer is slow.
Result<void> flush_waiting(transports::FrameConnection& connection);

// The next message, waiting for it.
Result<Bytes> receive(transports::FrameConnection& connection);
std::string receive_text(transports::FrameConnection& connection);  // throws the error
// The error that ends the receiving.
Error receive_error(transports::FrameConnection& connection);

// Sends `message` and receives one, by turns: what one thread can do with both ends.
Bytes cross(transports::FrameConnection& sender, Outgoing& message,
            transports::FrameConnection& receiver);
Bytes cross(transports::FrameConnection& sender, const Bytes& body,
            transports::FrameConnection& receiver);
// Receives what the sender still has buffered, by turns.
Bytes receive_flushing(transports::FrameConnection& receiver, transports::FrameConnection& sender);

// Whether a receive finds nothing now.
bool is_silent(transports::FrameConnection& connection);

}  // namespace troupe::harness
