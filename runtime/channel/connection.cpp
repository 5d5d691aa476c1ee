// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/connection.hpp"

#include "troupe/runtime/channel/channel.hpp"
#include "troupe/runtime/channel/dialing.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/catalog.hpp"

#include <array>
#include <utility>
#include <vector>

namespace troupe {

namespace {

Error empty() {
  return Error{Code::closed, "this connection is closed, was moved away, or was never opened"};
}

}  // namespace

struct Connection::State {
  std::shared_ptr<Channel> channel;
  Encoded scratch;
  std::vector<std::span<const std::byte>> pieces;
  transports::IncomingFrame frame;  // the message that was received last
};

Connection::Connection() noexcept = default;

Connection::Connection(RuntimeCore& runtime,
                       std::unique_ptr<transports::FrameConnection> connection)
    : state_(std::make_unique<State>()) {
  state_->channel = std::make_shared<Channel>(runtime, std::move(connection));
}

Connection::Connection(Connection&& other) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

Connection::~Connection() {
  close();
}

Result<void> Connection::send_bytes(std::span<const std::byte> message, Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  const std::array pieces{message};
  transports::OutgoingFrame frame{.pieces = pieces, .fds = {}, .size = message.size()};
  return state_->channel->send(frame, until);
}

Result<Bytes> Connection::receive_bytes(Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  transports::IncomingFrame frame;
  if (auto received = state_->channel->receive(frame, until); !received) {
    return received.error();
  }
  return frame.joined();
}

Result<std::size_t> Connection::receive_into(std::span<std::byte> place, Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  Channel& channel = *state_->channel;
  transports::IncomingFrame frame;
  if (auto received = channel.receive(frame, until, place); !received) [[unlikely]] {
    return received.error();
  }
  const std::size_t size = frame.detached.empty() ? frame.body.size() : frame.size();
  if (size > place.size()) [[unlikely]] {
    channel.put_back(frame);
    return Error{Code::invalid_argument,
                 "receive from " + channel.connection().peer().text() + ": a message of " +
                     std::to_string(size) + " bytes does not fit the " +
                     std::to_string(place.size()) + " given; it waits for a larger place"};
  }
  if (frame.body.data() != place.data()) {
    frame.copy_to(place);
  }
  return size;
}

Result<Loan> Connection::loan(std::size_t bytes, Deadline until) {
  return state_ ? state_->channel->lend(bytes, until) : empty();
}

Result<void> Connection::send_buffer(const Buffer& message, Deadline until) {
  return send_bytes(message.bytes(), until);
}

Result<Buffer> Connection::receive_buffer(Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  transports::IncomingFrame frame;
  if (auto received = state_->channel->receive(frame, until); !received) {
    return received.error();
  }
  if (!frame.storage.empty() && frame.storage.size() == frame.body.size()) {
    return frame.storage;
  }
  return Buffer::owning(frame.joined());
}

Result<void> Connection::poll(Deadline until) {
  return state_ ? state_->channel->poll(until) : empty();
}

Result<void> Connection::send_fd(const UniqueFd& fd, Deadline until) {
  Encoded message;
  if (auto encoded = encode(message, fd); !encoded) {
    return encoded;
  }
  return send_message(message, until);
}

Result<UniqueFd> Connection::receive_fd(Deadline until) {
  Incoming message;
  if (auto received = receive_message(message, until); !received) {
    return received.error();
  }
  auto fd = decode<UniqueFd>(message);
  if (!fd) {
    drop_fds();
  }
  return fd;
}

Result<void> Connection::flush(Deadline until) {
  return state_ ? state_->channel->flush(until) : empty();
}

int Connection::fileno() const noexcept {
  return state_ ? state_->channel->readable().fd : -1;
}

Address Connection::peer() const {
  return state_ ? state_->channel->connection().peer() : Address{};
}

std::string Connection::peer_key() const {
  return state_ ? state_->channel->connection().peer_key() : std::string{};
}

transports::Capabilities Connection::capabilities() const noexcept {
  return state_ ? state_->channel->connection().capabilities() : transports::Capabilities{};
}

void Connection::close() {
  if (state_ != nullptr) {
    state_->channel->close();
    state_.reset();
  }
}

Result<void> Connection::send_message(Encoded& message, Deadline until) {
  auto sent = offer_message(message, until);
  if (!sent) [[unlikely]] {
    message.clear();
  }
  return sent;
}

Result<void> Connection::offer_message(Encoded& message, Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  const std::array whole{message.head.bytes()};
  auto& pieces = state_->pieces;
  transports::OutgoingFrame frame{.pieces = whole, .fds = message.fds, .size = whole[0].size()};
  if (!message.borrowed.empty()) [[unlikely]] {
    pieces.clear();
    message.gather(pieces);
    frame.pieces = pieces;
    frame.size = message.size();
    frame.attached = whole[0];
  }
  auto sent = state_->channel->send(frame, until);
  if (sent) [[likely]] {
    message.clear();
  }
  return sent;
}

Result<void> Connection::receive_message(Incoming& message, Deadline until) {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  Channel& channel = *state_->channel;
  transports::IncomingFrame& frame = state_->frame;
  if (!frame.storage.empty() || !frame.detached.empty()) [[unlikely]] {
    frame = {};  // of the last message, which another receive may have followed
  }
  auto received = channel.receive(frame, until);
  if (received) [[likely]] {
    message.bytes = frame.body;
    message.storage = frame.storage.empty() ? nullptr : &frame.storage;
    message.detached = frame.detached;
    message.fds = channel.connection().fds();
  }
  return received;
}

void Connection::drop_fds() noexcept {
  if (state_ != nullptr) {
    state_->channel->connection().drop_fds();
  }
}

Encoded& Connection::scratch() {
  if (state_ == nullptr) {
    static thread_local Encoded unused;
    return unused;
  }
  return state_->scratch;
}

bool Connection::ready() {
  return state_ == nullptr || state_->channel->ready();
}

transports::FrameConnection& Connection::transport() noexcept {
  return state_->channel->connection();
}

Result<transports::Handover> Connection::hand_over() const {
  if (state_ == nullptr) [[unlikely]] {
    return empty();
  }
  return state_->channel->hand_over(std::chrono::seconds{5});
}

Result<Connection> connect(RuntimeCore& runtime, const Address& address,
                           const ConnectOptions& options, Deadline until) {
  auto connection = dial(runtime, address, options, until);
  if (!connection) {
    return connection.error();
  }
  return Connection{runtime, std::move(*connection)};
}

// The form of a handed-over connection in a message: docs/wire-protocol.md#handed-over-connections.
void Codec<Connection>::encode(Writer& writer, const Connection& connection) {
  auto handover = connection.hand_over();
  if (!handover) {
    writer.fail(handover.error());
    return;
  }
  writer.value(*handover);
}

Result<Connection> Codec<Connection>::decode(Reader& reader) {
  auto handover = reader.value<transports::Handover>();
  if (!handover) {
    return handover.error();
  }
  RuntimeCore* runtime = RuntimeCore::current();
  if (runtime == nullptr) {
    return Error{Code::invalid_argument,
                 "receive a connection: this thread has no current runtime; make a "
                 "Runtime::Scope"};
  }
  auto transport = runtime->transports().find(handover->peer);
  if (!transport) {
    return transport.error();
  }
  if (handover->framing > Framing::raw) {
    return Error{Code::malformed, "receive a connection: there is no framing " +
                                      std::to_string(static_cast<int>(handover->framing))};
  }
  auto connection = (*transport)->adopt(std::move(*handover));
  if (!connection) {
    return connection.error();
  }
  return Connection{*runtime, std::move(*connection)};
}

}  // namespace troupe
