// SPDX-License-Identifier: Apache-2.0
// What a QueueClient does to take.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/client_wait.hpp"
#include "troupe/runtime/queue/internal/leases.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// A loop fetches at most so many items in advance, and what it works off within kShort.
constexpr std::size_t kMostAhead = 256;
constexpr Duration kShort = std::chrono::milliseconds{2};
// How long a take whose time is up waits for the owner to say that nothing is on its way.
constexpr Duration kLastWord = std::chrono::seconds{1};
// How long one that does not wait for an item waits for the owner at its first use.
constexpr Duration kAnswer = std::chrono::seconds{5};

}  // namespace

Result<void> QueueClient::order(Lock& lock, std::size_t wanted) {
  ordered_ += wanted;
  ordered_since_untake_ += wanted;
  Encoded frame = frame_of(Frame::take, wanted);
  return send(lock, frame, Deadline{std::chrono::seconds{10}});
}

Result<void> QueueClient::untake(Lock& lock) {
  ++untakes_;
  ordered_since_untake_ = 0;
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::untake);
  return send(lock, frame, Deadline{kLastWord});
}

// Who works off quickly what there is gets more at a time, who is slow less.
void QueueClient::adapt(bool had_to_wait) {
  if (!had_to_wait) {
    ++since_wait_;
    return;
  }
  const Instant now = runtime_.clock().now();
  if (now - last_wait_ < kShort && since_wait_ + 1 >= ahead_) {
    ahead_ = std::min(2 * ahead_, kMostAhead);
  } else if (now - last_wait_ > 4 * kShort) {
    ahead_ = std::max<std::size_t>(1, ahead_ / 2);
  }
  last_wait_ = now;
  since_wait_ = 0;
}

// The first that is here, or why none will come. Nothing: it is to be waited for.
std::optional<Result<Taken>> QueueClient::next_received(Lock& lock, Appetite appetite,
                                                        bool had_to_wait) {
  if (!received_.empty()) {
    Taken first = std::move(received_.front());
    received_.pop_front();
    if (appetite != Appetite::one) {
      adapt(had_to_wait);
      if (ordered_ + received_.size() < ahead_ / 2 && !ended_) {
        (void)order(lock, ahead_ - ordered_ - received_.size());
      }
    }
    if (appetite == Appetite::often && ordered_ + received_.size() > 0) {
      fetched_ahead_ = true;
      look_after_me();  // the Caretaker gives back what nobody takes
    }
    return first;
  }
  if (!ended_) {
    return std::nullopt;
  }
  if (!end_failure_.empty()) {
    return Error::failed("take from " + text() + ": " + end_failure_);
  }
  return Error{Code::closed, "take from " + text() + ": it is closed, and all is done"};
}

// What is done is said first: its place may be what another item waits for.
Result<void> QueueClient::order_for_takers(Lock& lock, Appetite appetite) {
  if (auto sent = send_acks(lock); !sent) {
    return sent;
  }
  const std::size_t wanted = appetite == Appetite::one ? takers_ : std::max(ahead_, takers_);
  return ordered_ < wanted ? order(lock, wanted - ordered_) : Result<void>{};
}

// Orders what is wanted, and waits until there may be something.
Result<void> QueueClient::await_item(Lock& lock, Appetite appetite, Deadline until) {
  if (!held_.empty()) {
    return settle_held(lock, until);
  }
  if (auto ordered = order_for_takers(lock, appetite); !ordered) {
    return ordered;
  }
  if (until.passed()) {
    return Error{Code::timed_out, ""};
  }
  return wait_until(
      lock, [&] { return !received_.empty() || ended_ || ordered_ < takers_; }, until, "take");
}

// The time is up: what is on its way now is still taken.
Result<void> QueueClient::await_last(Lock& lock) {
  const std::uint64_t mine = untakes_ + 1;
  if (auto sent = untake(lock); !sent) {
    return sent;
  }
  (void)wait_until(
      lock, [&] { return untaken_ >= mine || !received_.empty(); }, Deadline{kLastWord}, "take");
  return {};
}

Result<Taken> QueueClient::take_next(Lock& lock, Deadline until, Appetite appetite) {
  bool had_to_wait = false;
  bool last_try = false;
  for (;;) {
    if (auto next = next_received(lock, appetite, had_to_wait)) {
      return *std::move(next);
    }
    if (last_try) {
      return Error{Code::timed_out, "take from " + text() + ": nothing came in time"};
    }
    had_to_wait = true;
    auto waited = await_item(lock, appetite, until);
    if (!waited && waited.error() == Code::timed_out) {
      waited = await_last(lock);
      last_try = true;
    }
    if (!waited) {
      return waited.error();
    }
  }
}

Result<Taken> QueueClient::take(Deadline until, Appetite appetite) {
  Lock lock{lock_};
  // Who does not wait for an item waits for the owner to say that there is none.
  if (auto fine = ready(lock, until.left() < kAnswer ? Deadline{kAnswer} : until); !fine) {
    return fine.error();
  }
  ++takers_;
  auto taken = take_next(lock, until, appetite);
  --takers_;
  if (!taken) {
    if (taken.error() == Code::timed_out && ordered_ + received_.size() > takers_) {
      look_after_me();
    }
    return taken;
  }
  return begin_work(lock, *std::move(taken));
}

std::optional<Result<Taken>> QueueClient::try_take_ordered() {
  Lock lock{lock_};
  if (auto fine = ready(lock, Deadline{kAnswer}); !fine) {
    return fine.error();
  }
  receive_ready(lock);
  if (auto next = next_received(lock, Appetite::one, true)) {
    return *next ? begin_work(lock, **std::move(next)) : *std::move(next);
  }
  if (failure_) {
    return failure("take");
  }
  (void)settle_held(lock, Deadline::at_once());  // else the Caretaker does, when it can
  if (auto ordered = order_for_takers(lock, Appetite::one); !ordered) {
    return ordered.error();
  }
  return std::nullopt;
}

Result<Taken> QueueClient::begin_work(Lock& lock, Taken taken) {
  if (taken.suspect) {
    if (auto opened = open_suspect(lock, taken); !opened) {
      return opened.error();
    }
  }
  taken.at = runtime_.clock().now();
  note_lease(*this);
  return taken;
}

// So that its owner knows, should this process die, that it was this one and no other.
Result<void> QueueClient::open_suspect(Lock& lock, const Taken& taken) {
  if (!held_.empty()) {
    (void)settle_held(lock, Deadline{kLastWord});
  }
  auto sent = send_acks(lock);
  Encoded frame = frame_of(Frame::open, taken.number);
  sent = sent ? send(lock, frame, Deadline{kLastWord}) : sent;
  if (!sent) {
    return sent;
  }
  return flush_connection(lock);
}

void QueueClient::begin_loop() {
  const std::lock_guard lock{lock_};
  ++loops_;
}

void QueueClient::end_loop() {
  Lock lock{lock_};
  if (--loops_ > 0 || failure_ || !connected_) {
    return;
  }
  (void)send_acks(lock);
  if (ordered_ > takers_ && !ended_) {
    (void)untake(lock);
    look_after_me();
  }
  if (takers_ == 0) {
    (void)give_up_unopened(lock);
  }
}

// What gets have fetched in advance is in the queue, for who asks what is in it.
Result<void> QueueClient::return_fetched(Lock& lock, Deadline until) {
  if (!fetched_ahead_ || takers_ > 0 || loops_ > 0) {
    return {};
  }
  fetched_ahead_ = false;
  ahead_ = 1;
  if (ordered_ > 0 && !ended_) {
    const std::uint64_t mine = untakes_ + 1;
    auto returned = untake(lock);
    if (returned) {
      returned = wait_until(
          lock, [&] { return untaken_ >= mine; }, until, "ask");
    }
    if (!returned) {
      return returned;
    }
  }
  return give_up_unopened(lock);
}

Result<void> QueueClient::give_up_unopened(Lock& lock) {
  while (!received_.empty()) {
    const Taken taken = std::move(received_.back());
    received_.pop_back();
    (void)open_.finish(taken.number);
    Encoded frame = give_back_frame(taken.number, false, {});
    if (auto sent = send(lock, frame, Deadline{kLastWord}); !sent) {
      return sent;
    }
  }
  return {};
}

}  // namespace troupe::queue
