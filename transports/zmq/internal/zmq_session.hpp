// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqSession: what one end of a session knows: the bytes that came and were not read, how many may
// still be sent, and how it ended. Makes and reads messages; sends none. Guarded by the mutex of
// the ZeroMQ socket that it belongs to.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/stream/byte_stream.hpp"
#include "troupe/transports/zmq/internal/zmq_words.hpp"

#include <zmq.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace troupe::transports {

class ZmqSession final {
 public:
  // `window`: what the peer has announced in its greeting. Errors: overloaded (descriptors are
  // short).
  static Result<ZmqSession> create(std::uint32_t window);

  // ---- receiving ----

  // A message of the peer, which is not a greeting. What breaks the rules ends the session.
  void take_in(zmq::message_t message);
  // Moves bytes that came into `places`.
  std::size_t read(std::span<const iovec> places);
  // Bytes have come, or the end has.
  bool holds() const noexcept { return !came_.empty() || finished_ || lost_.has_value(); }
  // Why no more bytes come, once those that came are read: the peer's word, else an error.
  bool finished() const noexcept { return finished_; }
  const std::optional<Error>& lost() const noexcept { return lost_; }
  // The receiver is about to wait: arrived(), a bell, is rung at the next arrival. Or it looks
  // itself; whether it waited.
  void await_arrival() noexcept { awaits_arrival_ = true; }
  bool await_no_arrival() noexcept { return std::exchange(awaits_arrival_, false); }
  int arrived() const noexcept { return arrived_.get(); }

  // ---- sending ----

  // Bytes that may be sent now.
  std::size_t room() const noexcept;
  zmq::message_t data(std::span<const iovec> pieces, std::size_t size) const;
  void sent(std::size_t size);
  zmq::message_t last_word(ZmqWord finish_or_bye) const { return zmq_count(finish_or_bye, sent_); }
  // Nobody reads there any more, and why.
  std::optional<Error> send_error() const;
  // The sender is about to wait: has_room() is readable once it is worth trying again. Or it is
  // awake.
  void await_room();
  void await_no_room() noexcept { awaits_room_ = false; }
  int has_room() const noexcept { return room_.get(); }

  // What is to be acknowledged now, and is from then on.
  std::optional<std::uint64_t> take_ack_due() noexcept;

  // ---- both ----

  // A thread waits for an arrival or for room.
  bool is_awaited() const noexcept { return awaits_arrival_ || awaits_room_; }

  // The connection below is gone, or the peer cannot be understood. What came before is still read.
  void lose(Error why);
  bool is_over() const noexcept { return left_ || lost_.has_value(); }

 private:
  ZmqSession(std::uint32_t window, UniqueFd arrived, UniqueFd room)
      : window_(window), arrived_(std::move(arrived)), room_(std::move(room)) {}

  void take_data(zmq::message_t message, const ZmqNews& news);
  void take_ack(std::uint64_t count);
  void take_last_word(const ZmqNews& news);
  void wake_receiver();
  void wake_sender();

  struct Came {
    zmq::message_t message;
    std::size_t at;  // the first byte that was not read
  };

  std::uint32_t window_;
  UniqueFd arrived_;
  UniqueFd room_;
  std::deque<Came> came_;
  std::uint64_t received_ = 0;       // bytes of the peer's stream that have come
  std::uint64_t taken_ = 0;          // of these, read
  std::uint64_t acked_to_peer_ = 0;  // of these, acknowledged
  std::size_t emptied_ = 0;          // messages that were read since
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;              // by the peer
  std::deque<std::uint64_t> under_way_;  // where messages end that are not acknowledged
  bool awaits_arrival_ = false;
  bool awaits_room_ = false;
  bool finished_ = false;  // the peer sends no more
  bool left_ = false;      // and reads no more
  std::optional<Error> lost_;
};

}  // namespace troupe::transports
