// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/outbox.hpp"

#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::node {
namespace {

// While a link takes nothing, so often who sends looks whether it is closed.
constexpr Duration kLook = std::chrono::milliseconds{200};

}  // namespace

// Sends what the link did not take at once.
class Outbox::Rest final {
 public:
  explicit Rest(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}

  void started(Context& context) {
    while (!outbox_->send_rest(kLook)) {
    }
    context.stop();
  }

 private:
  const std::shared_ptr<Outbox> outbox_;
};

void Outbox::post_control(Encoded frame) {
  add(std::move(frame), true);
}

void Outbox::post(Encoded frame) {
  add(std::move(frame), false);
}

void Outbox::add(Encoded frame, bool control) {
  frame.own();
  {
    const std::lock_guard lock{lock_};
    if (closed_ || sealed_) {
      return;
    }
    if (control) {
      control_.push_back(std::move(frame));
    } else {
      bytes_ += frame.size();
      if (frame.size() > kPartBytes) {
        large_.push_back({++last_large_, small_posted_, frame.joined()});
      } else {
        data_.push_back(std::move(frame));
        ++small_posted_;
      }
    }
    if (std::exchange(sending_, true)) {
      return;
    }
  }
  if (!send_rest(Deadline::at_once())) {
    (void)actor::spawn<Rest>(runtime_, nullptr, nullptr, shared_from_this());
  }
}

bool Outbox::take_next(Encoded& frame) {
  frame.clear();
  if (!control_.empty()) {
    frame = std::move(control_.front());
    control_.pop_front();
    return true;
  }
  const bool large =
      !large_.empty() && large_.front().after <= small_taken_ && (large_turn_ || data_.empty());
  large_turn_ = !large;
  if (!large) {
    if (data_.empty()) {
      return false;
    }
    frame = std::move(data_.front());
    data_.pop_front();
    ++small_taken_;
    taken_away(frame.size());
    return true;
  }
  Large& first = large_.front();
  const std::size_t count = std::min(kPartBytes, first.bytes.size() - first.sent);
  const bool last = first.sent + count == first.bytes.size();
  Writer writer{frame};
  begin(writer, LinkFrame::part);
  writer.natural(first.number);
  writer.boolean(last);
  writer.bytes(std::span{first.bytes}.subspan(first.sent, count));
  (void)writer.finish();  // nothing of it can be refused
  frame.own();
  first.sent += count;
  if (last) {
    taken_away(first.bytes.size());
    large_.pop_front();
  } else {
    std::rotate(large_.begin(), large_.begin() + 1, large_.end());
    // Those that may not begin yet stay behind those that have.
    std::stable_partition(large_.begin(), large_.end(),
                          [this](const Large& each) { return each.after <= small_taken_; });
  }
  return true;
}

void Outbox::taken_away(std::size_t bytes) {
  bytes_ -= bytes;
  change_.announce();
}

bool Outbox::send_rest(Deadline until) {
  for (;;) {
    {
      std::unique_lock lock{lock_};
      if (closed_ || (next_.size() == 0 && !take_next(next_))) {
        end_turn(lock);
        return true;
      }
    }
    const std::size_t bytes = next_.size();
    const auto sent = connection_->offer_message(next_, until);
    if (!sent && sent.error() == Code::timed_out) {
      return false;
    }
    if (sent) {
      sent_.fetch_add(bytes, std::memory_order_relaxed);
    }
    const std::lock_guard lock{lock_};
    next_.clear();
    if (!sent) {
      // The link is gone, or the runtime stops: who reads sees that too.
      closed_ = true;
    }
  }
}

std::size_t Outbox::queued() const noexcept {
  const std::lock_guard lock{lock_};
  return bytes_;
}

bool Outbox::is_full() const noexcept {
  const std::lock_guard lock{lock_};
  return bytes_ > kMostBytes;
}

Result<void> Outbox::wait_for_room(Deadline until) {
  std::unique_lock lock{lock_};
  const std::uint64_t large = last_large_;
  const auto is_under_way = [&] {
    return bytes_ > kMostBytes ||
           std::ranges::any_of(large_, [&](const Large& each) { return each.number == large; });
  };
  while (!closed_ && is_under_way()) {
    const auto outcome = change_.wait(runtime_, lock, until);
    if (outcome != fiber::Waiter::Outcome::fired) {
      return error_of(outcome, "wait for a link to take a message");
    }
  }
  if (closed_) {
    return Error{Code::disconnected, "the link has ended"};
  }
  return {};
}

void Outbox::seal() {
  const std::lock_guard lock{lock_};
  sealed_ = true;
}

void Outbox::flush(Deadline until) {
  std::unique_lock lock{lock_};
  while (!closed_ && sending_ &&
         change_.wait(runtime_, lock, until) == fiber::Waiter::Outcome::fired) {
  }
  if (!closed_ && !std::exchange(sending_, true)) {
    lock.unlock();
    (void)connection_->flush(until);
    if (!send_rest(Deadline::at_once())) {
      lock.lock();
      end_turn(lock);
    }
  }
}

void Outbox::stop_reading() {
  const std::lock_guard lock{lock_};
  if (!over_) {  // else somebody may be closing it
    (void)::shutdown(connection_->fileno(), SHUT_RD);
  }
}

void Outbox::close() {
  {
    const std::lock_guard lock{lock_};
    closed_ = true;
    over_ = true;
    change_.announce();
    control_.clear();
    data_.clear();
    large_.clear();
    bytes_ = 0;
    if (std::exchange(sending_, true)) {
      return;  // who sends sees it, and closes the connection
    }
  }
  std::unique_lock lock{lock_};
  end_turn(lock);
}

void Outbox::end_turn(std::unique_lock<std::mutex>& lock) {
  if (over_) {
    lock.unlock();
    connection_->close();
    lock.lock();
  }
  sending_ = false;
  change_.announce();
}

}  // namespace troupe::node
