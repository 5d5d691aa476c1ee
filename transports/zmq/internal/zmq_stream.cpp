// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_stream.hpp"

#include <algorithm>
#include <utility>

namespace troupe::transports {
namespace {

Error forked_copy(const char* doing) {
  return {Code::refused, std::string{doing} +
                             ": this end belongs to the process that made it, of which this one is "
                             "a fork; ZeroMQ's sockets work in one process only"};
}

std::size_t size_of(std::span<const iovec> pieces) noexcept {
  std::size_t size = 0;
  for (const iovec& piece : pieces) {
    size += piece.iov_len;
  }
  return size;
}

}  // namespace

Result<Transfer> ZmqStream::try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) {
  if (!fds.empty()) {
    return Error{Code::invalid_argument,
                 "send file descriptors: this transport does not carry them; try unix:"};
  }
  if (end_->is_forked_copy()) {
    return forked_copy("send");
  }
  const std::lock_guard lock{end_->mutex()};
  ZmqSession& session = end_->session();
  session.await_no_room();
  for (bool waited = false;; waited = true) {
    if (auto over = session.send_error()) {
      return *over;
    }
    if (const std::size_t size = std::min({size_of(pieces), session.room(), kZmqChunk}); size > 0) {
      auto message = session.data(pieces, size);
      session.sent(size);  // the answer may be here before the next line
      if (!end_->send(std::move(message))) {
        session.lose({Code::disconnected, "the peer is gone", Effect::unknown});
        continue;
      }
      return Transfer{Transfer::Status::moved, size};
    }
    if (waited) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    end_->begin_wait_to_write();
    session.await_room();
    end_->settle_to_wait();
  }
}

Result<Progress> ZmqStream::try_finish() {
  if (end_->is_forked_copy()) {
    return Progress::done;  // the original says it
  }
  const std::lock_guard lock{end_->mutex()};
  (void)end_->send(end_->session().last_word(ZmqWord::finish));  // the leave says the same
  return Progress::done;
}

Result<Transfer> ZmqStream::try_read(std::span<iovec> places, std::vector<UniqueFd>& /*fds*/) {
  if (end_->is_forked_copy()) {
    return forked_copy("receive");
  }
  const std::lock_guard lock{end_->mutex()};
  ZmqSession& session = end_->session();
  if (!session.holds()) {
    const bool waits = session.await_no_arrival();
    end_->settle();
    if (waits && !session.holds()) {
      session.await_arrival();
    }
  }
  if (const std::size_t count = session.read(places); count > 0) {
    if (const auto ack = session.take_ack_due()) {
      (void)end_->send(zmq_count(ZmqWord::ack, *ack));  // where it cannot be reached, that is told
    }
    return Transfer{Transfer::Status::moved, count};
  }
  if (!session.finished() && session.lost()) {
    return *session.lost();
  }
  return Transfer{session.finished() ? Transfer::Status::end : Transfer::Status::would_block, 0};
}

bool ZmqStream::holds_received() const noexcept {
  if (end_->is_forked_copy()) {
    return false;
  }
  const std::lock_guard lock{end_->mutex()};
  end_->settle();
  return end_->session().holds();
}

bool ZmqStream::arm() {
  if (end_->is_forked_copy()) {
    return true;
  }
  const std::lock_guard lock{end_->mutex()};
  end_->begin_wait_to_read();
  end_->session().await_arrival();
  end_->settle_to_wait();
  return end_->session().holds();
}

Result<ByteStream::Ends> ZmqStream::duplicate() const {
  return Error{Code::refused,
               "a session over ZeroMQ stays in the process that made it; let the other process "
               "connect itself, or hand over an end of a pipe or unix: socket"};
}

}  // namespace troupe::transports
