// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/sim_connection.hpp"

#include <string>
#include <utility>

namespace troupe::sim {

using transports::Progress;

SimConnection::SimConnection(Network& network, std::shared_ptr<Wire> wire, std::size_t side,
                             std::size_t max_message)
    : network_(network),
      wire_(std::move(wire)),
      side_(side),
      peer_("sim:" + (side == 0 ? wire_->listener : wire_->ways[0].from)),
      max_message_(max_message),
      receive_limit_(max_message) {}

Error SimConnection::error(Code code, std::string_view doing, std::string_view why) const {
  return {code, std::string{doing} + " " + peer_.text() + ": " + std::string{why}};
}

Result<Progress> SimConnection::try_send(transports::OutgoingFrame& frame,
                                         transports::Lane /*lane*/, transports::When /*when*/) {
  if (closed_) {
    return error(Code::closed, "send to", "this end is closed");
  }
  if (frame.size > max_message_) {
    return error(Code::invalid_argument, "send to",
                 "a message of " + std::to_string(frame.size) +
                     " bytes is above the limit (ConnectOptions::max_message)");
  }
  Way& way = out();
  if (way.broken || way.sender == nullptr) {
    return error(Code::disconnected, "send to", "the other end is gone");
  }
  if (way.bytes > 0 && way.bytes + frame.size > Way::kRoom) {
    way.refused = true;
    way.room.silence();
    return Progress::would_block;
  }
  Bytes whole;
  whole.reserve(frame.size);
  for (const auto& piece : frame.pieces) {
    whole.insert(whole.end(), piece.begin(), piece.end());
  }
  network_.send(*wire_, side_, std::move(whole));
  frame.taken = frame.size;
  return Progress::done;
}

Result<Progress> SimConnection::receive_failed(Code code, std::string_view why) {
  receive_error_ = error(code, "receive from", why);
  return *receive_error_;
}

Result<Progress> SimConnection::try_receive(transports::IncomingFrame& frame,
                                            std::span<std::byte> /*destination*/,
                                            transports::From /*from*/) {
  frame = {};
  if (closed_) {
    return error(Code::closed, "receive from", "this end is closed");
  }
  if (receive_error_) {
    return *receive_error_;
  }
  const Way& way = in();
  if (!way.arrived.empty()) {
    Bytes whole = network_.take(*wire_, side_);
    if (whole.size() > receive_limit_) {
      return receive_failed(Code::malformed, "a message of " + std::to_string(whole.size()) +
                                                 " bytes is above the limit of " +
                                                 std::to_string(receive_limit_));
    }
    frame.storage = Buffer::owning(std::move(whole));
    frame.body = frame.storage.bytes();
    return Progress::done;
  }
  if (way.receiver == nullptr) {
    return receive_failed(Code::disconnected, "this node has crashed");
  }
  switch (way.state) {
    case Way::State::ended:
      return receive_failed(Code::closed, "the peer has closed the connection");
    case Way::State::reset:
      return receive_failed(Code::disconnected, "the connection was reset");
    default:
      return Progress::would_block;
  }
}

bool SimConnection::arm_receive() {
  Way& way = in();
  const bool is_over = way.state == Way::State::ended || way.state == Way::State::reset;
  if (closed_ || receive_error_ || !way.arrived.empty() || is_over || way.receiver == nullptr) {
    return true;
  }
  way.arrival.silence();
  way.awaited = true;
  return false;
}

Result<transports::Handover> SimConnection::hand_over(
    const transports::IncomingFrame* /*untaken*/) {
  return error(Code::refused, "hand over the connection to", "sim: stays in its World");
}

void SimConnection::close() noexcept {
  if (!std::exchange(closed_, true)) {
    network_.close(*wire_, side_);
  }
}

}  // namespace troupe::sim
