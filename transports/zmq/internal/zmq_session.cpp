// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_session.hpp"

#include "troupe/base/os/bell.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace troupe::transports {
namespace {

std::span<const std::byte> bytes_of(const zmq::message_t& message) noexcept {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

}  // namespace

Result<ZmqSession> ZmqSession::create(std::uint32_t window) {
  UniqueFd arrived = os::make_bell();
  UniqueFd room = os::make_bell();
  if (!arrived || !room) {
    return Error::system("make the bells of a connection", errno);
  }
  return ZmqSession{std::min(window, kZmqWindow), std::move(arrived), std::move(room)};
}

// ---- receiving ---------------------------------------------------------------------------------

void ZmqSession::take_in(zmq::message_t message) {
  if (is_over()) {
    return;
  }
  const auto news = read_zmq_news(message);
  if (!news) {
    lose({Code::malformed, "the peer sent a message that is none of troupe's"});
    return;
  }
  switch (news->word) {
    case ZmqWord::data:
      take_data(std::move(message), *news);
      break;
    case ZmqWord::ack:
      take_ack(news->count);
      break;
    case ZmqWord::finish:
    case ZmqWord::bye:
      take_last_word(*news);
      break;
    case ZmqWord::refusal:
      lose({Code::disconnected, news->refusal().what(), Effect::unknown});
      break;
    case ZmqWord::probe:
      break;
    case ZmqWord::hello:
    case ZmqWord::welcome:
      lose({Code::malformed, "the peer has greeted twice"});
      break;
  }
}

void ZmqSession::take_data(zmq::message_t message, const ZmqNews& news) {
  if (news.count > received_) {
    lose({Code::disconnected,
          std::to_string(news.count - received_) + " bytes were lost on the way", Effect::unknown});
    return;
  }
  if (news.count < received_ || finished_) {
    lose({Code::malformed, "the peer has sent bytes again, or after its last word"});
    return;
  }
  if (received_ + news.rest.size() - acked_to_peer_ > kZmqWindow || came_.size() >= kZmqMessages) {
    lose({Code::malformed, "the peer has sent more than " + std::to_string(kZmqWindow) +
                               " bytes or " + std::to_string(kZmqMessages) +
                               " messages that were not acknowledged"});
    return;
  }
  if (news.rest.empty()) {
    return;
  }
  received_ += news.rest.size();
  came_.push_back({std::move(message), kZmqDataHeader});
  wake_receiver();
}

void ZmqSession::take_ack(std::uint64_t count) {
  if (count > sent_) {
    lose({Code::malformed, "the peer has acknowledged what was never sent"});
    return;
  }
  acked_ = std::max(acked_, count);
  while (!under_way_.empty() && under_way_.front() <= acked_) {
    under_way_.pop_front();
  }
  wake_sender();
}

void ZmqSession::take_last_word(const ZmqNews& news) {
  if (news.count < received_) {
    lose({Code::malformed, "the peer has counted fewer bytes than it sent"});
    return;
  }
  if (news.count > received_) {
    lose({Code::disconnected,
          "the peer's last " + std::to_string(news.count - received_) +
              " bytes were lost on the way",
          Effect::unknown});
    return;
  }
  finished_ = true;
  left_ = left_ || news.word == ZmqWord::bye;
  wake_receiver();
  wake_sender();
}

std::size_t ZmqSession::read(std::span<const iovec> places) {
  std::size_t total = 0;
  for (const iovec& place : places) {
    auto* to = static_cast<std::byte*>(place.iov_base);
    std::size_t left = place.iov_len;
    while (left > 0 && !came_.empty()) {
      Came& front = came_.front();
      const auto from = bytes_of(front.message).subspan(front.at);
      const std::size_t count = std::min(left, from.size());
      std::memcpy(to, from.data(), count);
      to += count;
      left -= count;
      total += count;
      front.at += count;
      if (count == from.size()) {
        came_.pop_front();
        ++emptied_;
      }
    }
  }
  taken_ += total;
  return total;
}

void ZmqSession::wake_receiver() {
  if (std::exchange(awaits_arrival_, false)) {
    os::ring(arrived_);
  }
}

// A quarter of the window at a time: the sender never has to wait for a lone acknowledgement.
std::optional<std::uint64_t> ZmqSession::take_ack_due() noexcept {
  const bool due = taken_ - acked_to_peer_ >= kZmqWindow / 4 || emptied_ >= kZmqMessages / 4;
  if (!due || finished_ || is_over()) {
    return std::nullopt;
  }
  emptied_ = 0;
  acked_to_peer_ = taken_;
  return taken_;
}

// ---- sending -----------------------------------------------------------------------------------

std::size_t ZmqSession::room() const noexcept {
  const std::uint64_t bytes = sent_ - acked_;
  const bool full = bytes >= window_ || under_way_.size() >= kZmqMessages;
  return full ? 0 : static_cast<std::size_t>(window_ - bytes);
}

void ZmqSession::sent(std::size_t size) {
  sent_ += size;
  under_way_.push_back(sent_);
}

zmq::message_t ZmqSession::data(std::span<const iovec> pieces, std::size_t size) const {
  auto message = zmq_data(sent_, size);
  auto* to = static_cast<std::byte*>(message.data()) + kZmqDataHeader;
  for (const iovec& piece : pieces) {
    const std::size_t count = std::min(piece.iov_len, size);
    if (count > 0) {
      std::memcpy(to, piece.iov_base, count);
      to += count;
      size -= count;
    }
  }
  return message;
}

std::optional<Error> ZmqSession::send_error() const {
  if (left_) {
    return Error{Code::disconnected, "the peer has closed the connection", Effect::unknown};
  }
  if (lost_) {
    return Error{Code::disconnected, lost_->what(), Effect::unknown};
  }
  return std::nullopt;
}

void ZmqSession::await_room() {
  os::silence(room_);
  awaits_room_ = true;
}

void ZmqSession::wake_sender() {
  if (std::exchange(awaits_room_, false)) {
    os::ring(room_);
  }
}

// ---- both --------------------------------------------------------------------------------------

void ZmqSession::lose(Error why) {
  if (is_over()) {
    return;
  }
  lost_ = std::move(why);
  wake_receiver();
  wake_sender();
}

}  // namespace troupe::transports
