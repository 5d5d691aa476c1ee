// SPDX-License-Identifier: Apache-2.0
// What happens at a full mailbox, and who waits for whom.
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace troupe::actor {

Duration Cell::patience() const noexcept {
  const Extras* const its = extras();
  return its != nullptr ? its->mailbox.wait : MailboxOptions{}.wait;
}

bool Cell::reserve(Envelope& envelope) noexcept {
  if (full()) {
    return false;
  }
  if (envelope.operations->footprint == nullptr) {
    return true;
  }
  Extras& its = need_extras();
  const auto bytes = static_cast<std::int64_t>(envelope.operations->footprint(envelope));
  const std::int64_t before = its.bytes.fetch_add(bytes);
  // One that is larger than all that may be there goes alone.
  if (before > 0 && before + bytes > static_cast<std::int64_t>(its.mailbox.capacity_bytes)) {
    its.bytes.fetch_sub(bytes);
    return false;
  }
  return true;
}

bool Cell::try_in(Envelope& envelope) noexcept {
  if (envelope.operations->footprint == nullptr) [[likely]] {
    return push(envelope) == Pushed::in;
  }
  if (!reserve(envelope)) {
    return false;
  }
  const auto bytes = static_cast<std::int64_t>(envelope.operations->footprint(envelope));
  if (push(envelope) == Pushed::in) {
    return true;
  }
  need_extras().bytes.fetch_sub(bytes);
  return false;
}

void Cell::unreserve(Envelope& envelope) noexcept {
  if (envelope.operations->footprint != nullptr) {
    need_extras().bytes.fetch_sub(
        static_cast<std::int64_t>(envelope.operations->footprint(envelope)));
  }
}

// What is on its way takes room here, too. With drop_oldest it takes it when it arrives.
bool Cell::accept(Envelope& envelope, const Target& target) {
  Courier* const courier = system().courier();
  if (courier == nullptr) [[likely]] {
    return try_in(envelope);
  }
  const Cell* const sender = current();
  const std::uint64_t from = sender != nullptr ? sender->number() : 0;
  if (when_full_ == WhenFull::drop_oldest) {
    return courier->carry(from, target, envelope, ~std::size_t{0});
  }
  if (!reserve(envelope)) {
    return false;
  }
  if (courier->carry(from, target, envelope, capacity() - std::min(capacity(), depth()))) {
    return true;
  }
  unreserve(envelope);
  return false;
}

// ---- senders that wait -------------------------------------------------------------------------

Sent Cell::wait_for_room(Envelope& envelope, const Target& target, Deadline until) {
  Cell* const sender = current();
  std::string cycle;
  if (sender != nullptr) {
    until = earlier(until, Deadline{sender->deadline()});
    if (sender->wait_for(*this, &cycle)) {
      sender->wait_no_more();
      system().log_refusal(*this, "a full mailbox is waited for in a circle: " + cycle);
      return Sent{Code::refused};
    }
  }
  Extras& its = need_extras();
  Sent sent{Code::overloaded};
  for (;;) {
    Extras::Sender waiting;
    {
      const std::lock_guard lock{its.lock};
      its.senders.push_back(&waiting);
    }
    senders_wait_.store(true);  // pairs with taken_out: either it sees this, or we see the room
    const bool in = is(target.number) && accept(envelope, target);
    const auto outcome = in || !is(target.number)
                             ? fiber::Waiter::Outcome::fired
                             : waiting.room.wait(system().runtime(), until);
    {
      const std::lock_guard lock{its.lock};
      std::erase(its.senders, &waiting);
    }
    if (in || (is(target.number) && accept(envelope, target))) {
      sent = Sent{};
      break;
    }
    if (!is(target.number)) {
      sent = Sent{Code::closed};
      break;
    }
    if (outcome != fiber::Waiter::Outcome::fired) {
      sent = Sent{outcome == fiber::Waiter::Outcome::cancelled ? Code::cancelled : Code::overloaded};
      break;
    }
  }
  if (sender != nullptr) {
    sender->wait_no_more();
  }
  return sent;
}

void Cell::let_senders_in() noexcept {
  Extras* const its = extras();
  if (its == nullptr) {
    return;
  }
  // As many as there is room for; those that come now find it themselves. All of them when it ends.
  const bool ends = life_.load(std::memory_order_relaxed) == Life::ended;
  const std::lock_guard lock{its->lock};
  const std::size_t room = ends ? its->senders.size() : capacity() - std::min(capacity(), depth());
  const std::size_t count = std::min(room, its->senders.size());
  for (std::size_t i = 0; i < count; ++i) {
    (void)its->senders[i]->room.fire();
  }
  its->senders.erase(its->senders.begin(),
                     its->senders.begin() + static_cast<std::ptrdiff_t>(count));
  senders_wait_.store(!its->senders.empty());
}

// ---- dropping the oldest -----------------------------------------------------------------------

// With WhenFull::drop_oldest, what is not yet handled stays where senders can drop it: the reader
// takes one at a time.
void Cell::push_dropping(Envelope& envelope) noexcept {
  Extras& its = need_extras();
  Envelope* dropped = nullptr;
  {
    const std::lock_guard lock{its.lock};
    gather_older(its);
    while (its.older_count >= capacity()) {
      Envelope* const oldest = std::exchange(its.older_first, its.older_first->next);
      oldest->next = std::exchange(dropped, oldest);
      --its.older_count;
    }
    in_hand_.store(static_cast<std::uint32_t>(its.older_count));
  }
  push_anyway(envelope);
  while (dropped != nullptr) {
    Envelope& each = *std::exchange(dropped, dropped->next);
    system().count(Dropped::oldest);
    count_drop();
    if (each.operations->footprint != nullptr) {
      its.bytes.fetch_sub(static_cast<std::int64_t>(each.operations->footprint(each)));
    }
    AnswerBase* const answer =
        each.operations->answer != nullptr ? each.operations->answer(each) : nullptr;
    if (answer != nullptr) {
      each.operations->destroy(each);
      answer->fail(Error{Code::overloaded, "ask " + text() + ": newer messages took its place in a "
                                           "full mailbox (WhenFull::drop_oldest)"});
    } else {
      discard(each);
    }
  }
}

// What the word has, behind what is older. Nobody's work: the word goes on saying who is at it.
void Cell::gather_older(Extras& its) noexcept {
  std::uint64_t word = mailbox_.load();
  do {
    if ((word & kAddress) <= kIdle) {
      return;
    }
  } while (!mailbox_.compare_exchange_weak(word, kAtWork));
  Envelope* newest = envelope_of(word);
  Envelope* const last = newest;
  Envelope* first = nullptr;
  while (newest != nullptr) {
    Envelope* const next = newest->next;
    newest->next = first;
    first = std::exchange(newest, next);
  }
  (its.older_first != nullptr ? its.older_last->next : its.older_first) = first;
  its.older_last = last;
  its.older_count += count_of(word);
}

bool Cell::drain_older() noexcept {
  Extras& its = need_extras();
  const std::lock_guard lock{its.lock};
  gather_older(its);
  if (its.older_first == nullptr) {
    in_hand_.store(0);
    return false;
  }
  mail_ = std::exchange(its.older_first, its.older_first->next);
  mail_->next = nullptr;
  --its.older_count;
  left_ = 1;
  in_hand_.store(static_cast<std::uint32_t>(its.older_count));
  return true;
}

// ---- who waits for whom ------------------------------------------------------------------------

// Both ends say so before either looks, so of two that close a circle at once at least one sees it.
// What was seen counts only if nothing of it changed while it was seen again.
bool Cell::wait_for(Cell& asked, std::string* text) {
  waits_.fetch_add(1);
  waits_for_.store(&asked);
  constexpr std::size_t kLongest = 64;
  struct Step {
    Cell* cell;
    std::uint32_t wait;
  };
  std::array<Step, kLongest> steps;
  std::size_t count = 0;
  for (Cell* cell = &asked; cell != nullptr && cell != this; cell = cell->waits_for_.load()) {
    if (count == kLongest) {
      return false;  // too long to follow: the deadline ends it
    }
    steps[count++] = {cell, cell->waits_.load()};
    if (cell->waits_for_.load() == nullptr) {
      return false;
    }
  }
  Cell* expected = &asked;
  for (std::size_t i = 0; i < count; ++i) {
    if (steps[i].cell != expected || steps[i].cell->waits_.load() != steps[i].wait) {
      return false;
    }
    expected = steps[i].cell->waits_for_.load();
  }
  if (expected != this) {
    return false;
  }
  if (text != nullptr) {
    *text = this->text();
    for (std::size_t i = 0; i < count; ++i) {
      *text += " waits for " + steps[i].cell->text() + ", which";
    }
    *text += count == 0 ? " waits for itself" : " waits for " + this->text();
  }
  return true;
}

}  // namespace troupe::actor
