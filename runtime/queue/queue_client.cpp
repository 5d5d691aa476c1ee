// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/queue_client.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/caretaker.hpp"
#include "troupe/runtime/queue/internal/client_wait.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/internal/redial.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// Nobody calls: after so many looks of the Caretaker what may be wanted elsewhere goes back.
constexpr unsigned kIdleLooks = 20;

}  // namespace

// ---- the connection ----------------------------------------------------------------------------

Result<void> QueueClient::ready(Lock& lock, Deadline until) {
  ++calls_;
  while (!connected_) {
    if (failure_) {
      return failure("use it");
    }
    if (receiving_) {
      if (const auto outcome = change_.wait(runtime_, lock, until);
          outcome != fiber::Waiter::Outcome::fired) {
        return error_of(outcome, "wait for the connection to " + text());
      }
      continue;
    }
    receiving_ = true;
    lock.unlock();
    auto connected = connect(earlier(until, Deadline{std::chrono::seconds{10}}));
    lock.lock();
    receiving_ = false;
    change_.announce();
    if (!connected) {
      return connected.error().within(text());
    }
  }
  if (failure_) {
    return failure("use it");
  }
  return {};
}

void QueueClient::fail(const Error& why) {
  if (failure_) {
    return;
  }
  const Code code = why.code() == Code::closed ? Code::disconnected : why.code();
  failure_ = Error{code, "its owner is gone (" + std::string{why.what()} + ")", Effect::unknown};
  progress_->broken.store(true);
  change_.announce();
}

Error QueueClient::failure(const char* doing) const {
  return failure_->within(std::string{doing} + ": " + text());
}

Result<void> QueueClient::receive_once(Lock& lock, Deadline until) {
  receiving_ = true;
  lock.unlock();
  Incoming incoming;
  auto received = connection_.receive_message(incoming, until);
  lock.lock();
  receiving_ = false;
  if (redial_ != nullptr) {
    // The owner says it again: it was told that this has not come.
    received = {};
  } else if (received) {
    read(incoming);
    receive_ready(lock);
  } else if (received.error() != Code::timed_out && received.error() != Code::cancelled) {
    lose_connection(received.error());
    received = {};
  }
  change_.announce();
  return received;
}

// What has come already; never waits.
void QueueClient::receive_ready(Lock& lock) {
  if (receiving_ || redial_ != nullptr) {
    return;
  }
  receiving_ = true;
  while (!failure_) {
    lock.unlock();
    Incoming incoming;
    const auto received = connection_.ready()
                              ? connection_.receive_message(incoming, Deadline::at_once())
                              : Result<void>{Error{Code::timed_out, ""}};
    lock.lock();
    if (redial_ != nullptr) {
      break;
    }
    if (!received) {
      if (received.error() != Code::timed_out && received.error() != Code::cancelled) {
        lose_connection(received.error());
      }
      break;
    }
    read(incoming);
  }
  receiving_ = false;
  change_.announce();
}

void QueueClient::read(const Incoming& incoming) {
  if (const auto fine = read_frame(incoming); !fine) {
    fail(Error{Code::malformed, "what it said is of no use: " + std::string{fine.error().what()}});
  }
}

Result<void> QueueClient::read_frame(const Incoming& incoming) {
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  if (!kind) {
    return kind.error();
  }
  if (*kind != Frame::told) {
    ++heard_;
    heard_bytes_ += incoming.bytes.size();
  }
  switch (*kind) {
    case Frame::item:
      return read_item(reader, incoming);
    case Frame::untaken:
      ordered_ = std::min(ordered_, ordered_since_untake_);
      ++untaken_;
      return {};
    case Frame::end: {
      auto why = reader.value<std::string>();
      if (!why) {
        return why.error();
      }
      ended_ = true;
      end_failure_ = *std::move(why);
      return {};
    }
    case Frame::gone:
      fail(Error{Code::disconnected, "it has ended"});
      return {};
    case Frame::unwritten: {
      auto why = reader.value<std::string>();
      if (!why) {
        return why.error();
      }
      unwritten_ = *std::move(why);
      return {};
    }
    case Frame::recall:
      recalled_ = true;
      ahead_ = 1;
      want_ahead_ = 1;
      look_after_me();
      return {};
    case Frame::answer:
      return read_answer(reader);
    case Frame::shown:
      return read_shown(reader);
    default:
      return read_number(*kind, reader);
  }
}

Result<void> QueueClient::read_item(Reader& reader, const Incoming& incoming) {
  Taken taken;
  std::uint64_t behind = 0;
  if (!reader.take(taken.id) || !reader.take(behind) || !reader.take(taken.attempts) ||
      !reader.take(taken.suspect)) {
    return reader.error();
  }
  taken.settled = taken.id - behind;
  taken.number = open_.add();
  const std::span item{reader.place(), incoming.bytes.data() + incoming.bytes.size()};
  taken.item.assign(item.begin(), item.end());
  received_.push_back(std::move(taken));
  ordered_ -= ordered_ > 0 ? 1 : 0;
  if (takers_ == 0 && loops_ == 0) {
    look_after_me();  // it comes too late: the Caretaker gives it back
  }
  return {};
}

// Those that begin with a number.
Result<void> QueueClient::read_number(Frame kind, Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  switch (kind) {
    case Frame::accepted:
      progress_->accepted.store(*number);
      return {};
    case Frame::grant: {
      const auto bytes = reader.value<std::uint64_t>();
      if (!bytes) {
        return bytes.error();
      }
      room_items_ += *number;
      room_bytes_ += *bytes;
      wished_ = false;
      return {};
    }
    case Frame::full:
      refused_room_ = static_cast<Code>(*number);
      wished_ = false;
      return {};
    case Frame::lost:
      open_.lose(*number);
      return {};
    case Frame::told:
      return sent_.confirm(*number)
                 ? Result<void>{}
                 : Error{Code::malformed, "it has read other frames than were sent"};
    default:
      return Error{Code::malformed, "a frame that only a client sends"};
  }
}

Result<void> QueueClient::claim_sending(Lock& lock, Deadline until) {
  while (sending_) {
    if (const auto outcome = change_.wait(runtime_, lock, until);
        outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait to send to " + text());
    }
  }
  if (failure_) {
    return failure("send to it");
  }
  sending_ = true;
  return {};
}

Result<void> QueueClient::send(Lock& lock, Encoded& frame, Deadline until) {
  if (auto claimed = claim_sending(lock, until); !claimed) {
    return claimed;
  }
  auto sent = transmit(lock, frame, until);
  sending_ = false;
  change_.announce();
  return sent;
}

// ---- the Caretaker -----------------------------------------------------------------------------

void QueueClient::look_after_me() {
  idle_looks_ = 0;
  if (!std::exchange(looked_after_, true)) {
    runtime_.queues()->caretaker().add(weak_from_this());
  }
}

bool QueueClient::look_after() {
  Lock lock{lock_};
  if (failure_ || !connected_) {
    looked_after_ = false;
    return false;
  }
  idle_looks_ = calls_ == std::exchange(calls_seen_, calls_) ? idle_looks_ + 1 : 0;
  receive_ready(lock);
  if (redial_ != nullptr) {
    if (redial_->done()) {
      take_up(lock);
    }
    looked_after_ = !failure_;
    return looked_after_;
  }
  if (!sending_) {
    (void)settle_held(lock, Deadline::at_once());
    (void)send_acks(lock);
    const bool recalled = std::exchange(recalled_, false);
    const bool idle = takers_ == 0 && loops_ == 0 && idle_looks_ > 0;
    if (recalled || idle) {
      (void)give_up_unopened(lock);
    }
    // What a select has ordered is left for a while: others may follow it.
    if (idle && ordered_ > 0 && !ended_ && (fetched_ahead_ || idle_looks_ == kIdleLooks)) {
      (void)untake(lock);
    }
    if (idle && std::exchange(fetched_ahead_, false)) {
      ahead_ = 1;
    }
    if (recalled || idle_looks_ >= kIdleLooks) {
      (void)return_room(lock);
    }
  }
  const bool more =
      !failure_ && (ack_count_ > 0 || !held_.empty() || room_items_ > 0 || !received_.empty() ||
                    ordered_ > takers_ || progress_->accepted.load() < puts_);
  looked_after_ = more;
  return more;
}

}  // namespace troupe::queue
