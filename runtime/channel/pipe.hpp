// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pipe: typed messages between two ends. Pipe<Out, In> sends Out and receives In; the other end is
// Pipe<In, Out>. Any plain struct is a message (serialization/codec.hpp says what else). Ends are
// move-only: the end given to a Process leaves no copy behind, so the end of the stream is seen.
//
// Threads and closing: as Connection. Made by default it is empty, and every use is `closed`.

#include "troupe/runtime/channel/connection.hpp"

#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

// The message type of a direction; one that does not exist has no messages.
template <class T>
using MessageOr = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// A pair of connected ends; of a one-way pair the first receives and the second sends. `address`
// chooses the transport: unix: by default, pipe: one-way. `needs_fds`: messages will carry
// descriptors. Errors: invalid_argument (unknown scheme; it cannot carry descriptors), system.
struct ConnectedEnds {
  Connection first;
  Connection second;
};
Result<ConnectedEnds> connect_ends(RuntimeCore& runtime, const Address& address,
                                   transports::Direction direction, bool needs_fds);

// Input iterator over received messages, for range-for.
template <class Source>
class MessageIterator final {
 public:
  using value_type = typename Source::Received;
  using difference_type = std::ptrdiff_t;

  explicit MessageIterator(Source& source) : source_(&source) { ++*this; }
  value_type& operator*() const { return message_; }
  value_type* operator->() const { return &message_; }
  MessageIterator& operator++() {
    if (auto received = source_->receive_into(message_); !received) [[unlikely]] {
      if (received.error() != Code::closed) {
        throw Error{received.error()};
      }
      at_end_ = true;
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const MessageIterator& at, std::default_sentinel_t) { return at.at_end_; }

 private:
  Source* source_;
  mutable value_type message_{};  // its memory serves each message in turn
  bool at_end_ = false;
};

template <class Out, class In = Out>
class [[nodiscard]] Pipe final {
 public:
  using Received = MessageOr<In>;

  // Two ends that know each other, within this process family. Errors: see connect_ends.
  static Result<std::pair<Pipe<Out, In>, Pipe<In, Out>>> create(RuntimeCore& runtime,
                                                                const Address& address = {});

  Pipe() = default;
  // Takes the connection over. Messages that cannot cross it are refused when they are sent.
  explicit Pipe(Connection connection) : connection_(std::move(connection)) {}

  // Sends one message; moves from it only when it was accepted. Errors: Connection::send_bytes's,
  // and invalid_argument when it cannot be encoded.
  Result<void> send(const MessageOr<Out>& message,
                    Deadline until = forever) requires(!std::is_void_v<Out>) {
    if (auto encoded = encode(connection_.scratch(), message); !encoded) [[unlikely]] {
      return encoded;
    }
    return connection_.send_message(connection_.scratch(), until);
  }
  Result<void> send(MessageOr<Out>&& message,
                    Deadline until = forever) requires(!std::is_void_v<Out>);

  // The next message. Errors: Connection::receive_bytes's; malformed also when the message is not
  // an In, with the member that is wrong: that message is gone, the pipe goes on.
  Result<Received> receive(Deadline until = forever) requires(!std::is_void_v<In>) {
    Result<Received> message{Received{}};
    if (auto received = receive_into(*message, until); !received) [[unlikely]] {
      message = received.error();
    }
    return message;
  }
  // The same into `message`, whose memory is used again; after an error it holds anything.
  Result<void> receive_into(Received& message,
                            Deadline until = forever) requires(!std::is_void_v<In>) {
    Incoming incoming;
    auto received = connection_.receive_message(incoming, until);
    if (!received) [[unlikely]] {
      return received;
    }
    auto decoded = decode_into(message, incoming);
    if (!decoded) [[unlikely]] {
      connection_.drop_fds();
    }
    return decoded;
  }

  // Ok: a whole message waits.
  Result<void> poll(Deadline until) requires(!std::is_void_v<In>) {
    return connection_.poll(until);
  }

  // Ends when the peer closes; any other end throws its Error.
  MessageIterator<Pipe> begin() requires(!std::is_void_v<In>) {
    return MessageIterator<Pipe>{*this};
  }
  std::default_sentinel_t end() const noexcept { return {}; }

  // Memory for a Buffer of a message, which is then not copied: see Connection::loan.
  Result<Loan> loan(std::size_t bytes, Deadline until = forever) requires(!std::is_void_v<Out>) {
    return connection_.loan(bytes, until);
  }
  Result<void> flush(Deadline until = forever) { return connection_.flush(until); }
  int ready_fd() const noexcept { return connection_.ready_fd(); }
  Connection& connection() noexcept { return connection_; }
  const Connection& connection() const noexcept { return connection_; }
  void close() { connection_.close(); }

 private:
  Connection connection_;
};

template <class T>
using Sender = Pipe<T, void>;
template <class T>
using Receiver = Pipe<void, T>;

template <class T>
struct OneWay {
  Receiver<T> receiver;
  Sender<T> sender;
};

// A pipe in one direction; an anonymous one unless `address` says otherwise. Errors: see
// connect_ends.
template <class T>
Result<OneWay<T>> one_way_pipe(RuntimeCore& runtime, const Address& address = {}) {
  auto ends = connect_ends(runtime, address, transports::Direction::one_way, carries_fds<T>);
  if (!ends) {
    return ends.error();
  }
  return OneWay<T>{Receiver<T>{std::move(ends->first)}, Sender<T>{std::move(ends->second)}};
}

template <class Out, class In>
Result<std::pair<Pipe<Out, In>, Pipe<In, Out>>> Pipe<Out, In>::create(RuntimeCore& runtime,
                                                                      const Address& address) {
  constexpr bool kDuplex = !std::is_void_v<Out> && !std::is_void_v<In>;
  auto ends = connect_ends(runtime, address,
                           kDuplex ? transports::Direction::duplex : transports::Direction::one_way,
                           carries_fds<MessageOr<Out>> || carries_fds<MessageOr<In>>);
  if (!ends) {
    return ends.error();
  }
  if constexpr (std::is_void_v<In>) {
    std::swap(ends->first, ends->second);
  }
  return std::pair{Pipe<Out, In>{std::move(ends->first)}, Pipe<In, Out>{std::move(ends->second)}};
}

template <class Out, class In>
Result<void> Pipe<Out, In>::send(MessageOr<Out>&& message,
                                 Deadline until) requires(!std::is_void_v<Out>) {
  auto sent = send(std::as_const(message), until);
  if (sent) {
    // What the message owned, such as a descriptor, is the receiver's now.
    [[maybe_unused]] const MessageOr<Out> accepted = std::move(message);
  }
  return sent;
}

// An end inside a message, or as an argument of a Process.
template <class Out, class In>
struct Codec<Pipe<Out, In>> {
  static void encode(Writer& writer, const Pipe<Out, In>& pipe) {
    Codec<Connection>::encode(writer, pipe.connection());
  }
  static Result<Pipe<Out, In>> decode(Reader& reader) {
    auto connection = Codec<Connection>::decode(reader);
    if (!connection) {
      return connection.error();
    }
    return Pipe<Out, In>{std::move(*connection)};
  }
  static constexpr bool kCarriesFds = true;
};

}  // namespace troupe
