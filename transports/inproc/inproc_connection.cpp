// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/inproc/inproc_connection.hpp"

#include <algorithm>

namespace troupe::transports {

InprocConnection::InprocConnection(Address peer, std::size_t max_message,
                                   std::shared_ptr<FrameQueue> incoming,
                                   std::shared_ptr<FrameQueue> outgoing)
    : peer_(std::move(peer)),
      max_message_(max_message),
      incoming_(std::move(incoming)),
      outgoing_(std::move(outgoing)),
      receive_limit_(max_message) {}

Result<Progress> InprocConnection::try_send(OutgoingFrame& frame, Lane lane, When /*when*/) {
  if (closed_) {
    return Error{Code::closed, "this end of " + peer_.text() + " is closed"};
  }
  if (frame.size > max_message_) {
    return Error{Code::invalid_argument,
                 "send to " + peer_.text() + ": a message of " + std::to_string(frame.size) +
                     " bytes is above the limit of " + std::to_string(max_message_) +
                     " (ConnectOptions::max_message)"};
  }
  FrameQueue::Frame whole;
  whole.body.reserve(frame.size);
  for (const auto& piece : frame.pieces) {
    whole.body.insert(whole.body.end(), piece.begin(), piece.end());
  }
  whole.fds.assign(std::make_move_iterator(frame.fds.begin()),
                   std::make_move_iterator(frame.fds.end()));
  switch (outgoing_->try_push(whole, lane)) {
    case FrameQueue::Outcome::done:
      frame.taken = frame.size;
      return Progress::done;
    case FrameQueue::Outcome::would_block:
      std::ranges::move(whole.fds, frame.fds.begin());  // they stay with the caller
      return Progress::would_block;
    case FrameQueue::Outcome::ended:
      break;
  }
  std::ranges::move(whole.fds, frame.fds.begin());
  return Error{Code::disconnected, "send to " + peer_.text() + ": the other end is closed"};
}

void InprocConnection::take_over(OutgoingFrame& /*frame*/) {
  // A frame is pushed whole or not at all: there is never a part to take over.
}

Result<Progress> InprocConnection::try_receive(IncomingFrame& frame,
                                               std::span<std::byte> /*destination*/,
                                               From /*from*/) {
  frame = {};
  if (closed_) {
    return Error{Code::closed, "this end of " + peer_.text() + " is closed"};
  }
  if (receive_error_) {
    return *receive_error_;
  }
  if (std::ranges::any_of(taken_.fds, &UniqueFd::operator bool)) {
    return receive_failed(Code::malformed, "file descriptors came that no message mentions");
  }
  switch (incoming_->try_pop(taken_)) {
    case FrameQueue::Outcome::done:
      break;
    case FrameQueue::Outcome::would_block:
      return Progress::would_block;
    case FrameQueue::Outcome::ended:
      return receive_failed(Code::closed, "the peer has closed the connection");
  }
  if (taken_.body.size() > receive_limit_) {
    return receive_failed(Code::malformed, "a message of " + std::to_string(taken_.body.size()) +
                                               " bytes is above the limit of " +
                                               std::to_string(receive_limit_) +
                                               " (ConnectOptions::max_message)");
  }
  frame.storage = Buffer::owning(std::move(taken_.body));
  frame.body = frame.storage.bytes();
  return Progress::done;
}

bool InprocConnection::arm_receive() {
  return receive_error_.has_value() || incoming_->arm();
}

Error InprocConnection::receive_failed(Code code, const std::string& what) {
  receive_error_ = Error{code, "receive from " + peer_.text() + ": " + what};
  return *receive_error_;
}

Result<Handover> InprocConnection::hand_over(const IncomingFrame* /*untaken*/) {
  return Error{Code::refused, "hand " + peer_.text() +
                                  " to another process: inproc: stays inside this one; use unix:"};
}

void InprocConnection::close() noexcept {
  closed_ = true;
  end();
}

void InprocConnection::end() noexcept {
  incoming_->end();
  outgoing_->end();
}

}  // namespace troupe::transports
