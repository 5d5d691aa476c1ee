// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/channel.hpp"

#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/auth/handshake.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace troupe {

using transports::From;
using transports::IncomingFrame;
using transports::Lane;
using transports::OutgoingFrame;
using transports::Progress;
using transports::When;

Channel::Channel(RuntimeCore& runtime, std::unique_ptr<transports::FrameConnection> connection)
    : runtime_(runtime),
      connection_(std::move(connection)),
      direct_(connection_->capabilities().direct),
      open_(runtime, [its = connection_.get()] {
        const std::string loans = its->capabilities().loans ? its->loan_holders() : std::string{};
        return "connection to " + its->peer().text() + (loans.empty() ? "" : " (" + loans + ")");
      }) {}

Channel::~Channel() {
  close();
}

// ---- sending -----------------------------------------------------------------------------------

// `blocked`: the frame has just been offered, and found no room.
Result<void> Channel::send_waiting(OutgoingFrame& frame, Deadline until, bool blocked) {
  [[maybe_unused]] const OneThread one_thread{in_send_};
  for (;; blocked = false) {
    if (!blocked) {
      const auto sent = try_send(frame);
      if (!sent) {
        return sent.error();
      }
      if (*sent == Progress::done) {
        return {};
      }
    }
    if (auto waited = park(runtime_, writable(), until); !waited) {
      if (frame.taken > 0) {
        // A part has left: the rest must follow, so the message counts as accepted.
        const std::lock_guard lock{sending_};
        connection_->take_over(frame);
        leave_to_flusher();
        return {};
      }
      return waited.error().within("send to " + connection_->peer().text());
    }
  }
}

Result<Progress> Channel::try_send(OutgoingFrame& frame) {
  const std::lock_guard lock{sending_};
  if (direct_) {
    return connection_->try_send(frame, Lane::data, When::now);
  }
  const bool gather = burst_.active();
  const bool begins_run = !gather && burst_.begins_run(waits_of_thread());
  const Instant begin = gather || begins_run ? Instant{} : runtime_.clock().now();
  auto sent = connection_->try_send(frame, Lane::data, gather ? When::later : When::now);
  if (!sent || *sent == Progress::would_block) [[unlikely]] {
    return sent;
  }
  if (begins_run) {
    burst_.began_run(runtime_.clock().now());
  } else if (!gather) {
    burst_.written(begin, runtime_.clock().now());
  } else {
    burst_.gathered();
    if (frame.buffered >= Burst::kFlushAt) [[unlikely]] {
      ++flushes_;
      if (auto flushed = flush_locked(); !flushed) {
        return flushed;
      }
      frame.buffered = connection_->buffered();
    }
  }
  if (frame.buffered > 0 && !(left_behind_ && at_flusher_.load(std::memory_order_relaxed)))
      [[unlikely]] {
    leave_to_flusher();
  }
  return sent;
}

void Channel::leave_to_flusher() {
  if (!std::exchange(left_behind_, true)) {
    flush_before_park(weak_from_this());
  }
  if (!at_flusher_.exchange(true, std::memory_order_relaxed)) {
    runtime_.flusher().add(weak_from_this());
  }
}

Result<Progress> Channel::flush_locked() {
  auto flushed = connection_->try_flush();
  if (flushed && *flushed == Progress::done) {
    burst_.flushed();
  }
  return flushed;
}

Flushable::Rest Channel::flush_all() {
  const std::lock_guard lock{sending_};
  ++flushes_;
  left_behind_ = false;
  const auto flushed = flush_locked();
  // An error is the next send's to tell.
  return flushed && *flushed == Progress::would_block ? Rest::blocked : Rest::none;
}

Flushable::Rest Channel::flush_old() {
  const std::unique_lock lock{sending_, std::try_to_lock};
  if (!lock) {
    return Rest::young;  // its sender is at it
  }
  if (flushes_ != std::exchange(flushes_seen_, flushes_) && connection_->buffered() > 0) {
    return Rest::young;
  }
  const auto flushed = flush_locked();
  if (flushed && *flushed == Progress::would_block) {
    return Rest::blocked;
  }
  at_flusher_.store(false, std::memory_order_release);
  return Rest::none;
}

// The Flusher's thread asks, while the sender may be closing.
transports::Readiness Channel::writable() const {
  const std::lock_guard lock{sending_};
  return connection_->writable();
}

Result<Loan> Channel::lend(std::size_t bytes, Deadline until) {
  [[maybe_unused]] const OneThread one_thread{in_send_};
  if (!connection_->capabilities().loans) {
    return Loan::of_memory(bytes);
  }
  for (;;) {
    {
      const std::lock_guard lock{sending_};
      auto lent = connection_->try_lend(bytes);
      if (!lent) {
        return lent.error();
      }
      if (*lent) {
        return std::move(**lent);
      }
    }
    if (auto waited = park(runtime_, writable(), until); !waited) {
      return waited.error().within("lend " + std::to_string(bytes) + " bytes to " +
                                   connection_->peer().text() + ": " + connection_->loan_holders());
    }
  }
}

Result<void> Channel::flush(Deadline until) {
  for (;;) {
    {
      const std::lock_guard lock{sending_};
      const auto flushed = flush_locked();
      if (!flushed) {
        return flushed.error();
      }
      if (*flushed == Progress::done) {
        return {};
      }
    }
    if (auto waited = park(runtime_, writable(), until); !waited) {
      return waited.error().within("flush to " + connection_->peer().text());
    }
  }
}

void Channel::close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  open_.lift();
  const Deadline until{kLinger};
  for (;;) {
    std::optional<std::size_t> left;
    {
      const std::lock_guard lock{sending_};
      const auto flushed = connection_->try_finish();
      if (!flushed || *flushed == Progress::done || until.passed()) {
        left = connection_->buffered();
        connection_->close();
      }
    }
    if (left) {
      if (*left > 0) {
        runtime_.log().write("close of " + connection_->peer().text() + ": " +
                             std::to_string(*left) + " bytes were sent and not taken by the peer");
      }
      return;
    }
    // Not park(): a stop must not cut short what was accepted; the linger does.
    PollItem item{writable()};
    (void)runtime_.poller().wait(std::span{&item, 1}, until);
  }
}

// ---- receiving ---------------------------------------------------------------------------------

Result<Progress> Channel::try_receive(IncomingFrame& frame, std::span<std::byte> destination,
                                      From from) {
  if (first_) [[unlikely]] {
    return try_receive_first(frame, destination, from);
  }
  return connection_->try_receive(frame, destination, from);
}

// What a peer that wants a key sends first is no message, and nothing else will come.
Result<Progress> Channel::try_receive_first(IncomingFrame& frame, std::span<std::byte> destination,
                                            From from) {
  if (refused_) {
    return *refused_;
  }
  auto received = connection_->try_receive(frame, destination, from);
  if (!received || *received == Progress::would_block) {
    return received;
  }
  if (!transports::looks_like_challenge(frame.body)) {
    first_ = false;
    return received;
  }
  refused_ = Error{Code::refused, "receive from " + connection_->peer().text() +
                                      ": the peer asks for a key; give this end the same "
                                      "(ConnectOptions::key, --authkey-file)"};
  return *refused_;
}

Result<Progress> Channel::spin_for(IncomingFrame& frame, std::span<std::byte> destination) {
  // Looking at shared memory costs no more than a pause, which is as long as such a message takes.
  const int looks = direct_ ? 16 : 1;
  const int pauses = direct_ ? 0 : 4;
  const From from = direct_ ? From::buffer : From::kernel;
  Result<Progress> received = Progress::would_block;
  (void)spin_.poll([&] {
    for (int look = 0; look < looks; ++look) {
      for (int i = 0; i < pauses; ++i) {
        pause_cpu();
      }
      received = try_receive(frame, destination, from);
      if (!received || *received == Progress::done) {
        return true;
      }
    }
    pause_cpu();
    return false;
  });
  return received;
}

Result<void> Channel::receive(IncomingFrame& frame, Deadline until,
                              std::span<std::byte> destination) {
  [[maybe_unused]] const OneThread one_thread{in_receive_};
  if (waiting_) [[unlikely]] {
    frame = *std::exchange(waiting_, std::nullopt);
    return {};
  }
  // Where the last receive had to wait, asking the kernel at once would be a call for nothing.
  auto received = try_receive(frame, destination, expects_wait_ ? From::buffer : From::kernel);
  if (received && *received == Progress::would_block) {
    received = wait_for(frame, until, destination);
  }
  if (!received) [[unlikely]] {
    return received.error();
  }
  return {};
}

// As a receive that found nothing at first. Never would_block.
Result<Progress> Channel::wait_for(IncomingFrame& frame, Deadline until,
                                   std::span<std::byte> destination) {
  flush_own_buffers();
  if (runtime_.may_spin() && !on_fiber() && !until.passed() && spin_.worth_it()) {
    auto received = spin_for(frame, destination);
    if (!received || *received == Progress::done) {
      return received;
    }
  }
  expects_wait_ = true;
  for (;;) {
    Result<void> waited;
    if (!connection_->arm_receive()) {
      waited = park(runtime_, connection_->readable(), until);
    }
    auto received = try_receive(frame, destination, From::kernel);
    if (!received || *received == Progress::done) {
      return received;
    }
    if (!waited) {
      connection_->leave_destination();
      return waited.error().within("receive from " + connection_->peer().text());
    }
  }
}

Result<void> Channel::poll(Deadline until) {
  if (!waiting_) {
    IncomingFrame frame;
    if (auto received = receive(frame, until); !received) {
      return received;
    }
    waiting_ = std::move(frame);
  }
  return {};
}

bool Channel::ready() {
  if (waiting_) {
    return true;
  }
  IncomingFrame frame;
  do {
    const auto received = try_receive(frame, {}, From::kernel);
    if (!received) {
      return true;  // the receive that follows tells
    }
    if (*received == Progress::done) {
      waiting_ = std::move(frame);
      return true;
    }
  } while (connection_->arm_receive());
  return false;
}

Result<transports::Handover> Channel::hand_over(Deadline until) {
  if (auto flushed = flush(until); !flushed) {
    return flushed.error();
  }
  return connection_->hand_over(waiting_ ? &*waiting_ : nullptr);
}

}  // namespace troupe
