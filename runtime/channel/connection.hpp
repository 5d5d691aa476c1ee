// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: messages of bytes between two ends, over any transport: Python's Connection, with
// deadlines in both directions. Made by connect, by Listener::accept, or as one end of a pair; may
// be moved into a Process or into a message, and goes on there.
//
// One thread may send while another receives; each half by one thread at a time, which debug builds
// check. Moving and closing while no other thread is in a call. Made by default it is empty, and
// every use of it is `closed`.

#include "troupe/base/buffer.hpp"
#include "troupe/base/bytes.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/loan.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/options.hpp"
#include "troupe/transports/transport.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace troupe {

class Channel;
class RuntimeCore;

class Connection final {
 public:
  Connection() noexcept;
  Connection(RuntimeCore& runtime, std::unique_ptr<transports::FrameConnection> connection);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();  // as close()

  // Sends one message; zero bytes are one too. Returns once it is on its way: written, or buffered
  // here and written within 50 µs or as the peer makes room. Waits while the peer is slow. Errors:
  // closed, disconnected (the peer is gone), timed_out and cancelled (nothing was sent),
  // invalid_argument (above ConnectOptions::max_message; a line end inside a message of
  // framing=lines).
  Result<void> send_bytes(std::span<const std::byte> message, Deadline until = forever);

  // The next message. Errors: closed (the peer closed, and everything it sent was received),
  // disconnected (the link broke), malformed (it ended inside a message, or broke the framing),
  // timed_out, cancelled.
  Result<Bytes> receive_bytes(Deadline until = forever);
  // The same into `place`; returns its size. A large one is read straight there. Errors also:
  // invalid_argument (it does not fit; it stays and can be received still).
  Result<std::size_t> receive_into(std::span<std::byte> place, Deadline until = forever);

  // Memory of `bytes` bytes to write a message into, or a part of one, that is not copied on its
  // way: over shared memory the receiver views it where it was written. Waits while as much is out
  // as the receiver may hold. Elsewhere it is ordinary memory. Errors: as send_bytes; overloaded.
  Result<Loan> loan(std::size_t bytes, Deadline until = forever);
  // Sends a Buffer, or a Loan, as one message: over shared memory not copied when it is a loan of
  // this connection, nor received so. Errors: as send_bytes.
  Result<void> send_buffer(const Buffer& message, Deadline until = forever);
  // The next message, as a view of where it arrived. The sender has its memory back when the last
  // copy of the Buffer is gone. Errors: as receive_bytes.
  Result<Buffer> receive_buffer(Deadline until = forever);

  // Ok: a whole message waits, and receiving it will not wait. Errors as receive_bytes; timed_out:
  // none.
  Result<void> poll(Deadline until);

  // A message that is one descriptor, which the receiver gets a duplicate of. Errors also:
  // invalid_argument (this transport does not carry descriptors), malformed (it was not one).
  Result<void> send_fd(const UniqueFd& fd, Deadline until = forever);
  Result<UniqueFd> receive_fd(Deadline until = forever);

  // Waits until all that was sent has been given to the kernel.
  Result<void> flush(Deadline until = forever);

  // The descriptor to select on for reading; a whole message may not be there yet. -1 when empty.
  int fileno() const noexcept;
  int ready_fd() const noexcept { return fileno(); }
  Address peer() const;
  // The public key that the peer has proved to have: over ZeroMQ with keys, the listener's, or that
  // of its list of clients. Empty: it is nobody in particular.
  std::string peer_key() const;
  // What the transport can do; nothing, when empty.
  transports::Capabilities capabilities() const noexcept;

  // Ends both directions: what was sent still leaves (for up to 5 s), what was not received is
  // lost.
  void close();

  // ---- For typed channels: Pipe ----

  // Sends `message`; empties it.
  Result<void> send_message(Encoded& message, Deadline until);
  // The same, but a message that was not accepted stays as it is.
  Result<void> offer_message(Encoded& message, Deadline until);
  // The next message, as a view that is valid until the next receive or poll.
  Result<void> receive_message(Incoming& message, Deadline until);
  // The last message did not decode: its descriptors are closed.
  void drop_fds() noexcept;
  // Where a typed channel encodes; kept for its memory.
  Encoded& scratch();
  // Whether a message, or the end, is here.
  bool ready();

  // What is below, for an event loop that never waits for one of many: from then on nothing else of
  // this is used but its end. Not when empty.
  transports::FrameConnection& transport() noexcept;

  // What another process needs to go on with it. Errors: refused, closed.
  Result<transports::Handover> hand_over() const;

 private:
  struct State;

  std::unique_ptr<State> state_;  // null: empty or closed
};

// Connects to a listener: Python's Client. Errors: not_found (nobody listens; named pipes wait for
// the other side instead), refused (wrong key, permission), timed_out, invalid_argument, cancelled.
Result<Connection> connect(RuntimeCore& runtime, const Address& address,
                           const ConnectOptions& options = {},
                           Deadline until = Deadline{std::chrono::seconds{10}});

// A connection inside a message, or as an argument of a Process.
template <>
struct Codec<Connection> {
  static void encode(Writer& writer, const Connection& connection);
  static Result<Connection> decode(Reader& reader);  // in the thread's current runtime
  static constexpr bool kCarriesFds = true;
};

}  // namespace troupe
