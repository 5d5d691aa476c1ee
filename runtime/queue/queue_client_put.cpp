// SPDX-License-Identifier: Apache-2.0
// What a QueueClient does to put.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/client_wait.hpp"
#include "troupe/runtime/queue/internal/leases.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// How much room a client that puts without pause asks for at once.
constexpr std::uint32_t kMostAhead = 512;
constexpr std::size_t kBytesAhead = std::size_t{1} << 20U;

constexpr const char* kAwaitAccepted = "wait until its owner has what was put into";

}  // namespace

void begin_put(Writer& writer, const PutOptions* options) {
  begin(writer, options != nullptr ? Frame::put_with : Frame::put);
  if (options != nullptr) {
    writer.integer(options->priority);
    writer.integer(options->delay.count());
  }
}

Result<void> QueueClient::check_size(std::size_t bytes, std::uint32_t items) const {
  if (bytes > capacity_bytes_ || items > capacity_) {
    return Error{Code::invalid_argument, "put into " + text() + ": " + std::to_string(items) +
                                             " items of " + std::to_string(bytes) +
                                             " bytes are more than it holds (capacity " +
                                             std::to_string(capacity_) + ", capacity_bytes " +
                                             std::to_string(capacity_bytes_) + ")"};
  }
  return {};
}

// Why there is no room.
Error QueueClient::refusal(Code why) const {
  const std::string reason = why == Code::closed       ? "it is closed"
                             : why != Code::overloaded ? "it was not granted"
                             : unwritten_.empty()      ? "it is full"
                                                       : unwritten_;
  return Error{why, "put into " + text() + ": " + reason};
}

// With the reason why there was no room, where it is no usual one.
Error QueueClient::put_in_vain(const Error& why) const {
  return unwritten_.empty() || why != Code::timed_out
             ? why
             : Error{why.code(), std::string{why.what()} + " (" + unwritten_ + ")", why.effect()};
}

bool QueueClient::has_room(std::size_t bytes, std::uint32_t items) const noexcept {
  return room_items_ >= items && room_bytes_ >= bytes;
}

Result<void> QueueClient::wish(Lock& lock, std::size_t bytes, std::uint32_t items) {
  wished_ = true;
  refused_room_.reset();
  const auto least_items =
      items - static_cast<std::uint32_t>(std::min<std::size_t>(items, room_items_));
  const std::size_t least_bytes = bytes - std::min(bytes, room_bytes_);
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::want);
  writer.value(Wish{std::max(least_items, want_ahead_),
                    std::max(least_bytes, want_ahead_ > 1 ? kBytesAhead : 0), least_items,
                    least_bytes});
  want_ahead_ = std::min(2 * want_ahead_, kMostAhead);
  return send(lock, frame, Deadline{std::chrono::seconds{10}});
}

void QueueClient::withdraw_wish(Lock& lock, Deadline until) {
  wished_ = false;
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::want);
  writer.value(Wish{});
  (void)send(lock, frame, until);
}

Result<void> QueueClient::get_room(Lock& lock, std::size_t bytes, std::uint32_t items,
                                   Deadline until) {
  while (!has_room(bytes, items)) {
    if (holds_lease_of(*this)) {
      // Whoever waits here keeps the room that it waits for.
      const auto stats = question(lock, Asked::stats, until);
      if (!stats) {
        return stats.error();
      }
      if (stats->ready + stats->in_work >= capacity_) {
        return Error{Code::refused,
                     "put into " + text() +
                         ": it is full, and who puts has an item of it in work, so that it would "
                         "wait for itself: use Delivery::emit, which takes the place of the item"};
      }
    }
    if (!wished_) {
      if (auto wished = wish(lock, bytes, items); !wished) {
        return wished;
      }
    }
    auto granted = wait_until(
        lock, [&] { return has_room(bytes, items) || !wished_; }, until, "put");
    if (!granted) {
      withdraw_wish(lock, Deadline::at_once());
      if (room_items_ > 0) {
        look_after_me();
      }
      return put_in_vain(granted.error());
    }
    if (const auto refused = std::exchange(refused_room_, std::nullopt)) {
      return refusal(*refused);
    }
  }
  return {};
}

Result<void> QueueClient::put_granted(Lock& lock, Encoded& frame, std::size_t bytes,
                                      std::uint32_t items, Deadline until) {
  if (auto claimed = claim_sending(lock, until); !claimed) {
    return claimed;
  }
  if (!has_room(bytes, items)) {  // somebody else took it meanwhile
    sending_ = false;
    change_.announce();
    return Error{Code::overloaded, ""};
  }
  room_items_ -= items;
  room_bytes_ -= bytes;
  const std::uint64_t number = ++puts_;
  lock.unlock();
  auto sent = connection_.offer_message(frame, until);
  lock.lock();
  sending_ = false;
  change_.announce();
  if (!sent) {
    room_items_ += items;
    room_bytes_ += bytes;
    --puts_;
    if (sent.error() != Code::timed_out && sent.error() != Code::cancelled &&
        sent.error() != Code::invalid_argument) {
      fail(sent.error());
    }
    return sent.error().within("put into " + text());
  }
  note_put({progress_, number, weak_from_this(), runtime_.clock().now()});
  if (room_items_ > 0) {
    look_after_me();
  }
  return {};
}

Result<void> QueueClient::put(Encoded& frame, std::size_t bytes, std::uint32_t items,
                              Deadline until) {
  Lock lock{lock_};
  if (auto fine = ready(lock, until); !fine) {
    return fine;
  }
  if (auto fine = check_size(bytes, items); !fine) {
    return fine;
  }
  for (;;) {
    if (auto room = get_room(lock, bytes, items, until); !room) {
      return room;
    }
    auto put = put_granted(lock, frame, bytes, items, until);
    if (put || put.error() != Code::overloaded) {
      return put;
    }
  }
}

// The owner says at once whether there is room: that answer is waited for, room is not.
Result<void> QueueClient::try_put(Encoded& frame, std::size_t bytes) {
  const Deadline until{std::chrono::seconds{5}};
  Lock lock{lock_};
  if (auto fine = ready(lock, until); !fine) {
    return fine;
  }
  if (auto fine = check_size(bytes, 1); !fine) {
    return fine;
  }
  if (!has_room(bytes, 1)) {
    if (!wished_) {
      want_ahead_ = 1;
      if (auto wished = wish(lock, bytes, 1); !wished) {
        return wished;
      }
    }
    if (auto answered = question(lock, Asked::stats, until); !answered) {
      return answered.error();
    }
    if (!has_room(bytes, 1)) {
      const auto refused = std::exchange(refused_room_, std::nullopt);
      if (wished_) {
        withdraw_wish(lock, until);
      }
      return refusal(refused.value_or(Code::overloaded));
    }
  }
  return put_granted(lock, frame, bytes, 1, until);
}

Result<void> QueueClient::return_room(Lock& lock) {
  if (room_items_ == 0) {
    return {};
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::unwanted);
  writer.natural(std::exchange(room_items_, 0));
  writer.natural(std::exchange(room_bytes_, 0));
  want_ahead_ = 1;
  return send(lock, frame, Deadline{std::chrono::seconds{1}});
}

void QueueClient::hear_of_puts() {
  const std::lock_guard lock{lock_};
  if (progress_->accepted.load() < puts_ && !failure_) {
    look_after_me();
  }
}

Result<void> QueueClient::flush(Deadline until) {
  Lock lock{lock_};
  if (puts_ == progress_->accepted.load()) {
    return {};
  }
  if (!failure_) {
    receive_ready(lock);  // it may be written again
  }
  const std::uint64_t all = puts_;
  auto waited = wait_until(
      lock, [&] { return progress_->accepted.load() >= all || !unwritten_.empty(); }, until,
      kAwaitAccepted);
  if (waited && progress_->accepted.load() < all) {
    return Error{
        Code::overloaded,
        std::string{kAwaitAccepted} + ": " + text() +
            ": it is not written down yet, and will be once that is possible: " + unwritten_,
        Effect::unknown};
  }
  return waited;
}

Result<void> QueueClient::settle_puts(Deadline until) {
  Lock lock{lock_};
  const std::uint64_t all = puts_;
  return wait_until(
      lock, [&] { return progress_->accepted.load() >= all; }, until, kAwaitAccepted);
}

}  // namespace troupe::queue
