// SPDX-License-Identifier: Apache-2.0
// Cell: a mailbox that its owner reads.
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

namespace troupe::actor {

Envelope* Cell::take(std::span<const MessageType* const> types, std::size_t& which) noexcept {
  return take_first([&](const Envelope& envelope) {
    const auto found = std::ranges::find(types, envelope.operations->type);
    which = static_cast<std::size_t>(found - types.begin());
    return found != types.end();
  });
}

Envelope* Cell::take_any() noexcept {
  return take_first([](const Envelope& /*envelope*/) { return true; });
}

// What is there counts as looked at, so that a wait is one for news.
void Cell::hear() noexcept {
  (void)take_first([](const Envelope& /*envelope*/) { return false; });
}

template <class Wanted>
Envelope* Cell::take_first(const Wanted& wanted) noexcept {
  end_rest();
  if (has_controls()) {
    Context context{*this};
    read_controls(context);
  }
  if (when_full() == WhenFull::drop_oldest) {
    return take_older(wanted);
  }
  // Everything that is there, behind what was not wanted before.
  Envelope** end = &mail_;
  for (;; end = &(*end)->next) {
    if (*end == nullptr) {
      Envelope* const before = std::exchange(mail_, nullptr);
      const std::uint32_t left = left_;
      const bool more = drain();
      if (!more) {
        mail_ = before;
        break;
      }
      left_ += left;
      in_hand_.store(left_);
      if (before == nullptr) {
        end = &mail_;
      } else {
        *end = std::exchange(mail_, before);
      }
    }
    Envelope* const envelope = *end;
    if (envelope->target != number_.load(std::memory_order_relaxed)) {
      *end = envelope->next;
      taken_out(*envelope);
      drop(*envelope, nullptr);
      return take_first(wanted);
    }
    if (wanted(*envelope)) {
      *end = envelope->next;
      unseen_ = *end != nullptr;
      taken_out(*envelope);
      return envelope;
    }
  }
  unseen_ = false;
  return nullptr;
}

// With WhenFull::drop_oldest, what is not wanted stays where senders can drop it.
template <class Wanted>
Envelope* Cell::take_older(const Wanted& wanted) noexcept {
  Extras& its = need_extras();
  Envelope* taken = nullptr;
  Envelope* late = nullptr;  // for somebody who was here before
  {
    const std::lock_guard lock{its.lock};
    gather_older(its);
    Envelope* before = nullptr;
    for (Envelope* each = its.older_first; each != nullptr && taken == nullptr;) {
      Envelope* const next = each->next;
      const bool is_late = each->target != number_.load(std::memory_order_relaxed);
      if (!is_late && !wanted(*each)) {
        before = std::exchange(each, next);
        continue;
      }
      (before != nullptr ? before->next : its.older_first) = next;
      if (next == nullptr) {
        its.older_last = before;
      }
      --its.older_count;
      if (each->operations->footprint != nullptr) {
        its.bytes.fetch_sub(static_cast<std::int64_t>(each->operations->footprint(*each)));
      }
      if (is_late) {
        each->next = std::exchange(late, each);
      } else {
        taken = each;
        unseen_ = next != nullptr;
      }
      each = next;
    }
    unseen_ = unseen_ && taken != nullptr;
    oldest_.store(its.older_first != nullptr ? its.older_first->sent : 0,
                  std::memory_order_relaxed);
    left_ = static_cast<std::uint32_t>(its.older_count);
    in_hand_.store(left_);
  }
  while (late != nullptr) {
    drop(*std::exchange(late, late->next), nullptr);
  }
  return taken;
}

// As handle_controls, but the code goes on: it learns of the end when it waits.
void Cell::read_controls(Context& context) {
  while (const std::unique_ptr<Control> arrived = next_control()) {
    if (arrived->target_ == number_.load(std::memory_order_relaxed)) {
      arrived->arrive(*this, context);
    } else {
      arrived->miss(*this);
    }
  }
}

Result<void> Cell::wait_for_mail(Deadline until) {
  for (;;) {
    if (system().runtime().stopping()) {  // which tells each to stop, too
      return Error{Code::cancelled, "receive: the runtime is stopping"};
    }
    if (ending()) {
      return Error{Code::closed, "receive: " + text() + " was told to stop"};
    }
    fiber::Waiter news;
    Extras& its = need_extras();
    {
      const std::lock_guard lock{its.lock};
      its.reader = &news;
    }
    const auto outcome =
        rest() ? news.wait(system().runtime(), until) : fiber::Waiter::Outcome::fired;
    {
      const std::lock_guard lock{its.lock};
      its.reader = nullptr;
    }
    if (outcome == fiber::Waiter::Outcome::fired) {
      return {};
    }
    return error_of(outcome, "receive");
  }
}

AnswerBase* Cell::begin(Envelope& envelope) noexcept {
  const Operations& operations = *envelope.operations;
  AnswerBase* const answer = operations.answer != nullptr ? operations.answer(envelope) : nullptr;
  current_.store(operations.type, std::memory_order_relaxed);
  since_.store(ticks_of(system().scheduler().coarse_now()), std::memory_order_relaxed);
  handled_.store(handled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  answer_ = answer;
  if (Courier* const courier = system().courier(); courier != nullptr) [[unlikely]] {
    courier->handles(envelope.target, *operations.type);
  }
  return answer;
}

void Cell::finish(Envelope& envelope, const AnswerBase* answer) noexcept {
  answer_ = nullptr;
  current_.store(nullptr, std::memory_order_relaxed);
  if (answer == nullptr) {
    discard(envelope);
  }
}

void Cell::begin_reading() noexcept {
  (void)need_extras();
  read_by_inbox_ = true;
  at_reading_ = true;
}

void Cell::end_reading() noexcept {
  end_rest();
  // Who ended a rest is about to look who reads, and is to find an Inbox: it would have the actor
  // scheduled, which runs.
  Extras& its = need_extras();
  for (;;) {
    {
      const std::lock_guard lock{its.lock};
      if (its.news_under_way == 0) {
        break;
      }
    }
    std::this_thread::yield();
  }
  read_by_inbox_ = false;
}

bool Cell::rest() noexcept {
  const bool nothing_new = lie_down();
  if (!at_reading_ && senders_wait_.load()) [[unlikely]] {
    let_senders_in();  // as go_idle does
  }
  return nothing_new;
}

bool Cell::lie_down() noexcept {
  std::uint64_t at_work = kAtWork;
  if (!mailbox_.compare_exchange_strong(at_work, kIdle)) {
    return false;
  }
  at_reading_ = false;
  return controls_.load() == nullptr;
}

// From now on nobody is told of news.
void Cell::end_rest() noexcept {
  if (at_reading_) {
    return;
  }
  at_reading_ = true;
  std::uint64_t idle = kIdle;
  if (!mailbox_.compare_exchange_strong(idle, kAtWork)) {
    Extras& its = need_extras();
    const std::lock_guard lock{its.lock};
    ++its.news_under_way;
  }
}

void Cell::ring_for_rest() noexcept {
  Extras& its = need_extras();
  {
    const std::lock_guard lock{its.lock};
    if (!its.bell || !at_reading_) {
      return;
    }
    if (mail_ != nullptr || its.older_first != nullptr || !lie_down()) {
      const std::uint64_t one = 1;
      (void)!::write(its.bell.get(), &one, sizeof one);
      return;
    }
  }
  if (senders_wait_.load()) [[unlikely]] {
    let_senders_in();
  }
}

void Cell::empty_bell() noexcept {
  Extras& its = need_extras();
  const std::lock_guard lock{its.lock};
  if (its.bell) {
    std::uint64_t rung = 0;
    (void)!::read(its.bell.get(), &rung, sizeof rung);
  }
}

// Of an Inbox that belongs to a thread.
void Cell::adopt_foreign(std::uint64_t number) {
  (void)need_extras();
  read_by_inbox_ = true;
  at_reading_ = true;
  settle(number, false);
  at_reading_ = false;  // settle left it at rest, or said that there is news already
}

void Cell::leave_foreign() {
  end_reading();
  request_stop({});
  end();
  Context context{*this};
  do {
    handle_controls(context);
    drop_all({});
  } while (!go_idle());
}

// Of an owner that is about to wait, who may have read since the bell was rung, and without having
// emptied it: whether it is rung is decided anew.
int Cell::ready_fd() {
  Extras& its = need_extras();
  {
    const std::lock_guard lock{its.lock};
    if (!its.bell) {
      its.bell = UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
      if (!its.bell) {
        throw Error::system("make an Inbox's ready_fd", errno);
      }
    }
  }
  empty_bell();
  const bool nothing_new = at_reading_ ? rest() : mailbox_.load() == kIdle;
  if (!nothing_new || unseen_ || controls_.load() != nullptr) {
    const std::uint64_t one = 1;
    (void)!::write(its.bell.get(), &one, sizeof one);
  }
  return its.bell.get();
}

}  // namespace troupe::actor
