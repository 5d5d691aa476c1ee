// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outbox: what is to be sent over a link: control frames first, then data in their order, with
// large ones cut into parts that go in turn with the small ones. Who posts also sends, as much as
// the link takes at once; the rest is sent by an actor that lives for as long as there is some.
// Thread-safe.

#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::node {

class Outbox final : public std::enable_shared_from_this<Outbox> {
 public:
  // Uses the sending half of the connection.
  Outbox(RuntimeCore& runtime, std::shared_ptr<Connection> connection) noexcept
      : runtime_(runtime), connection_(std::move(connection)) {}

  // Never block. After close() nothing happens. What `frame` refers to is copied if need be.
  void post_control(Encoded frame);
  void post(Encoded frame);

  // Bytes of frames that the connection has taken, and of those that wait for that.
  std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
  std::size_t queued() const noexcept;
  // Whether who posts much is to wait.
  bool is_full() const noexcept;
  // Waits until less than kMostBytes of data are left, and no part of what was posted last by the
  // caller. Errors: disconnected (closed), timed_out, cancelled.
  Result<void> wait_for_room(Deadline until);

  // Nothing more is sent, and who waits is told so; the connection is closed, at once or by who
  // sends. By who has received from it, at the end of that.
  void close();
  // Takes nothing any more; what was posted before is still sent.
  void seal();
  // Waits until all has been sent that was posted before, until the deadline.
  void flush(Deadline until);
  // Who receives from the connection, over a socket, sees its end at once. (Another transport's
  // does not.)
  void stop_reading();

 private:
  class Rest;
  struct Large {
    std::uint64_t number;
    std::uint64_t after;  // as many small ones go before it
    Bytes bytes;
    std::size_t sent = 0;
  };

  static constexpr std::size_t kMostBytes = std::size_t{8} << 20U;

  void add(Encoded frame, bool control);
  // By who has set sending_. True: nothing is left.
  bool send_rest(Deadline until);
  // By who has set sending_, with lock_ held: sets it back, and closes what is over.
  void end_turn(std::unique_lock<std::mutex>& lock);
  // With lock_ held. False: there is nothing.
  bool take_next(Encoded& frame);
  void taken_away(std::size_t bytes);

  RuntimeCore& runtime_;
  const std::shared_ptr<Connection> connection_;

  mutable std::mutex lock_;
  // Guarded by lock_.
  bool closed_ = false;
  bool sealed_ = false;
  bool over_ = false;     // the connection is to be closed
  bool sending_ = false;  // somebody uses the connection
  bool large_turn_ = false;
  std::deque<Encoded> control_;
  std::deque<Encoded> data_;
  std::deque<Large> large_;
  std::uint64_t small_posted_ = 0;  // to data_, ever
  std::uint64_t small_taken_ = 0;   // out of it
  std::size_t bytes_ = 0;           // of data and large
  std::uint64_t last_large_ = 0;
  fiber::Change change_;  // there is room again, nobody sends any more, or it is closed
  Encoded next_;          // of who sends: what is being sent
  std::atomic<std::uint64_t> sent_{0};
};

}  // namespace troupe::node
