// SPDX-License-Identifier: Apache-2.0
// What a QueueClient does when its connection breaks: all that it has sent, and of which its owner
// has not said that it has read it, is kept, and said again over the next connection; both number
// their frames, and tell each other at the new one how many have come. So nothing is said twice and
// nothing is left out, whatever it is.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/caller.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/internal/redial.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::queue {
namespace {

// The owner is told what has come after so many frames or bytes, so that it need not keep them.
constexpr std::uint64_t kTellFrames = 64;
constexpr std::size_t kTellBytes = std::size_t{64} << 10U;
// How long one frame may take that is said again.
constexpr Duration kAgain = std::chrono::seconds{10};
// How long what leaves may take to leave.
constexpr Duration kLeave = std::chrono::seconds{1};

bool is_break(Code code) noexcept {
  return code != Code::timed_out && code != Code::cancelled && code != Code::invalid_argument;
}

}  // namespace

// With sending_ claimed. Where connections are made again, a break is no error: what was to be sent
// is kept.
Result<void> QueueClient::transmit(Lock& lock, Encoded& frame, Deadline until) {
  const bool keeps = patience_ > Duration::zero();
  if (keeps) {
    tell_heard(lock);
    keep(frame);
    if (redial_ != nullptr) {
      frame.clear();
      return {};
    }
  }
  lock.unlock();
  auto sent = connection_.offer_message(frame, until);
  lock.lock();
  if (sent) {
    return sent;
  }
  if (!is_break(sent.error().code())) {
    if (keeps) {
      sent_.drop_last();
    }
    return sent;
  }
  return could_not_send(lock, sent.error());
}

// It may have said why, in what has come: who receives for all finds that, and the end behind it.
Result<void> QueueClient::could_not_send(Lock& lock, const Error& why) {
  const bool is_found_out = receiving_ && patience_ > Duration::zero();
  if (!is_found_out) {
    receive_ready(lock);
    lose_connection(why);
  }
  return failure_ ? failure("send to it") : Result<void>{};
}

void QueueClient::keep(const Encoded& frame) {
  if (frame.borrowed.empty()) {
    sent_.add(std::array{frame.head.bytes()});
    return;
  }
  std::vector<std::span<const std::byte>> pieces;
  frame.gather(pieces);
  sent_.add(pieces);
}

void QueueClient::tell_heard(Lock& lock) {
  if (redial_ != nullptr || (heard_ - heard_told_ < kTellFrames && heard_bytes_ < kTellBytes)) {
    return;
  }
  heard_told_ = heard_;
  heard_bytes_ = 0;
  Encoded frame = frame_of(Frame::heard, heard_);
  lock.unlock();
  (void)connection_.offer_message(frame, Deadline{kLeave});  // or the next one says it
  lock.lock();
}

Result<void> QueueClient::flush_connection(Lock& lock) {
  if (auto claimed = claim_sending(lock, Deadline{kLeave}); !claimed) {
    return claimed;
  }
  Result<void> flushed;
  if (redial_ == nullptr) {
    lock.unlock();
    flushed = connection_.flush(Deadline{kLeave});
    lock.lock();
  }
  sending_ = false;
  change_.announce();
  if (!flushed && is_break(flushed.error().code())) {
    return could_not_send(lock, flushed.error());
  }
  return flushed;
}

void QueueClient::lose_connection(const Error& why) {
  if (failure_ || redial_ != nullptr) {
    return;
  }
  if (patience_ <= Duration::zero() || runtime_.stopping()) {
    fail(why);
    return;
  }
  redial_ = std::make_shared<Redial>(caller_, id_, Resumed{queue_, heard_}, patience_, process_);
  try {
    redial_->start();
  } catch (const std::exception& error) {  // no thread is to be had
    redial_ = nullptr;
    fail(Error{Code::disconnected, std::string{why.what()} + "; " + error.what()});
    return;
  }
  look_after_me();
  change_.announce();
}

// Waits for the next connection, or until it is known that there is none: then this has failed.
// Errors: timed_out, cancelled.
Result<void> QueueClient::mend(Lock& lock, Deadline until) {
  while (redial_ != nullptr) {
    if (sending_ || receiving_) {  // over the old one, which they will find out
      if (const auto outcome = change_.wait(runtime_, lock, until);
          outcome != fiber::Waiter::Outcome::fired) {
        return error_of(outcome, "wait for its connection");
      }
      continue;
    }
    const auto redial = redial_;
    lock.unlock();
    const auto outcome = redial->wait(until);
    lock.lock();
    if (outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait for a new connection");
    }
    take_up(lock);
  }
  return {};
}

// The redial is done. Not while somebody uses the old connection.
void QueueClient::take_up(Lock& lock) {
  if (redial_ == nullptr || sending_ || receiving_ || !redial_->done()) {
    return;
  }
  sending_ = true;
  receiving_ = true;
  auto called = redial_->take();
  Connection old = std::move(connection_);
  if (called) {
    connection_ = std::move(called->connection);
    heard_told_ = heard_;  // the owner has it from the hello
    heard_bytes_ = 0;
  }
  lock.unlock();
  // Nobody reads what it has left, so it is not waited for. (The Flusher may be at it: see close.)
  (void)::shutdown(old.fileno(), SHUT_RDWR);
  old.close();
  const bool fits = called && sent_.confirm(called->welcome.heard);
  const auto said = fits ? say_again() : Result<void>{};
  lock.lock();
  sending_ = false;
  receiving_ = false;
  redial_ = nullptr;
  if (!called) {
    give_up(called.error());
  } else if (!fits) {
    fail(Error{Code::malformed, "it has read other frames than were sent"});
  } else if (!said) {
    lose_connection(said.error());
  }
  change_.announce();
}

// Without lock_, with sending_ and receiving_: nobody else touches what was sent.
Result<void> QueueClient::say_again() {
  Result<void> said;
  sent_.for_each([&](std::span<const std::byte> frame) {
    if (said) {
      said = connection_.send_bytes(frame, Deadline{kAgain});
    }
  });
  return said;
}

// Its owner is gone, or another one.
void QueueClient::give_up(const Error& why) {
  const std::uint64_t unconfirmed = puts_ - std::min(puts_, progress_->accepted.load());
  fail(Error{why.code() == Code::cancelled ? Code::cancelled : Code::disconnected,
             std::string{why.what()} + "; " + std::to_string(unconfirmed) +
                 " puts are not known to have arrived, and what was taken and not acknowledged is "
                 "others'"});
}

}  // namespace troupe::queue
