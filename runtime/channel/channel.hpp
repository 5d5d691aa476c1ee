// SPDX-License-Identifier: Apache-2.0
#pragma once

// Channel: a connected transport with waiting added: what Connection and Pipe are made of. Sends
// follow the burst rule (docs/architecture.md#the-burst-rule): a lone message is written at once, a
// run of them leaves together. One sending and one receiving thread, checked in debug builds; close
// while neither is in a call.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/channel/burst.hpp"
#include "troupe/runtime/channel/one_thread.hpp"
#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/learned_spin.hpp"
#include "troupe/runtime/fiber/open_mark.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace troupe {

class RuntimeCore;

class Channel final : public Flushable, public std::enable_shared_from_this<Channel> {
 public:
  // What close() waits at most for the peer to take what was sent.
  static constexpr Duration kLinger = std::chrono::seconds{5};

  Channel(RuntimeCore& runtime, std::unique_ptr<transports::FrameConnection> connection);
  ~Channel() override;  // as close()

  RuntimeCore& runtime() const noexcept { return runtime_; }
  transports::FrameConnection& connection() noexcept { return *connection_; }

  // Sends the frame, waiting while the peer is slow. Errors: what FrameConnection::try_send
  // returns, timed_out and cancelled (the message was not accepted).
  Result<void> send(transports::OutgoingFrame& frame, Deadline until) {
    bool blocked = false;
    if (direct_ && !at_flusher_.load(std::memory_order_acquire)) [[likely]] {
      [[maybe_unused]] const OneThread one_thread{in_send_};
      const auto sent = connection_->try_send(frame, transports::Lane::data, transports::When::now);
      if (!sent) [[unlikely]] {
        return sent.error();
      }
      if (*sent == transports::Progress::done) [[likely]] {
        return {};
      }
      blocked = true;
    }
    return send_waiting(frame, until, blocked);
  }

  // Memory to write a message into; ordinary memory where none is shared. Waits while too much is
  // out. Errors: as FrameConnection::try_lend, timed_out, cancelled.
  Result<Loan> lend(std::size_t bytes, Deadline until);

  // Waits until everything sent has been given to the kernel. Errors: disconnected, timed_out,
  // cancelled.
  Result<void> flush(Deadline until);

  // The next frame; its view is valid until the next receive or poll. Errors: closed (the peer
  // ended in order), disconnected, malformed, timed_out, cancelled.
  Result<void> receive(transports::IncomingFrame& frame, Deadline until,
                       std::span<std::byte> destination = {});
  // Waits until a receive would not, and leaves the message there. Errors as receive.
  Result<void> poll(Deadline until);
  // Puts a frame that receive returned back: the next receive returns it again.
  void put_back(const transports::IncomingFrame& frame) { waiting_ = frame; }

  // What another process needs to go on with the connection; a polled message goes along. Waits
  // until what was sent has left. Errors: FrameConnection::hand_over's and those of flush.
  Result<transports::Handover> hand_over(Deadline until);

  // A whole message, or the end, is here: a receive would not wait. The receiving thread's.
  bool ready();
  transports::Readiness readable() const noexcept { return connection_->readable(); }

  // Refuses further messages both ways, after what was sent has left, for which it waits up to
  // kLinger.
  void close();

  // ---- Flushable ----
  Rest flush_all() override;
  Rest flush_old() override;
  transports::Readiness writable() const override;

 private:
  Result<void> send_waiting(transports::OutgoingFrame& frame, Deadline until, bool blocked);
  Result<transports::Progress> try_send(transports::OutgoingFrame& frame);
  Result<transports::Progress> flush_locked();
  void leave_to_flusher();
  Result<transports::Progress> try_receive(transports::IncomingFrame& frame,
                                           std::span<std::byte> destination, transports::From from);
  Result<transports::Progress> try_receive_first(transports::IncomingFrame& frame,
                                                 std::span<std::byte> destination,
                                                 transports::From from);
  Result<transports::Progress> spin_for(transports::IncomingFrame& frame,
                                        std::span<std::byte> destination);
  Result<transports::Progress> wait_for(transports::IncomingFrame& frame, Deadline until,
                                        std::span<std::byte> destination);

  // Immutable after construction.
  RuntimeCore& runtime_;
  const std::unique_ptr<transports::FrameConnection> connection_;
  const bool direct_;

  // Guarded by sending_: the sending half of connection_, which the Flusher shares.
  mutable SpinLock sending_;
  Burst burst_;
  // The Flusher has this until a flush of its own leaves nothing. Written with sending_ held; where
  // frames leave directly, the sender needs the lock only while this is set.
  std::atomic<bool> at_flusher_{false};
  bool left_behind_ = false;   // the sender's next park flushes
  std::uint64_t flushes_ = 0;  // by the sender
  std::uint64_t flushes_seen_ = 0;

  // The receiving thread's.
  std::optional<transports::IncomingFrame> waiting_;  // received and not yet taken
  LearnedSpin spin_;
  bool expects_wait_ =
      false;           // the last receive found nothing at first: asking at once is of no use
  bool first_ = true;  // no message has come yet
  std::optional<Error> refused_;  // the peer asks for a key

  bool closed_ = false;
  OpenMark open_;
  // Of the check that debug builds make; there always, so that both kinds of build agree.
  std::atomic<bool> in_send_{false};
  std::atomic<bool> in_receive_{false};
};

}  // namespace troupe
