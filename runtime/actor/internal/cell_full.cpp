// SPDX-License-Identifier: Apache-2.0
// What happens at a full mailbox, and who waits for whom.
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::actor {

Duration Cell::patience() const noexcept {
  const Extras* const its = extras();
  return its != nullptr ? Duration{its->patience.load(std::memory_order_relaxed)}
                        : MailboxOptions{}.wait;
}

namespace {

std::int64_t bytes_of(const Envelope& envelope) noexcept {
  const auto footprint = envelope.operations->footprint;
  return footprint != nullptr ? static_cast<std::int64_t>(footprint(envelope)) : 0;
}

// What the runtime has to say to an Inbox is never shed.
bool is_notice(const Envelope& envelope) noexcept {
  return envelope.operations == &kDownLetter;
}

}  // namespace

bool Cell::reserve(Envelope& envelope) noexcept {
  if (full()) {
    return false;
  }
  if (envelope.operations->footprint == nullptr) {
    return true;
  }
  Extras& its = need_extras();
  const std::int64_t bytes = bytes_of(envelope);
  const std::int64_t before = its.bytes.fetch_add(bytes);
  // One that is larger than all that may be there goes alone.
  if (before > 0 && before + bytes > static_cast<std::int64_t>(
                                         its.capacity_bytes.load(std::memory_order_relaxed))) {
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
  const std::int64_t bytes = bytes_of(envelope);
  if (push(envelope) == Pushed::in) {
    return true;
  }
  need_extras().bytes.fetch_sub(bytes);
  return false;
}

void Cell::unreserve(Envelope& envelope) noexcept {
  if (envelope.operations->footprint != nullptr) {
    need_extras().bytes.fetch_sub(bytes_of(envelope));
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

// Until try_it() is true; it is called again whenever there may be room.
template <class Try>
Sent Cell::wait_until(const Target& target, Deadline until, const Try& try_it) {
  if (until.passed()) {
    return Sent{Code::overloaded};  // without giving others a turn
  }
  Cell* const sender = current();
  // An ask has said so already, and goes on waiting for the answer.
  const bool asks = sender != nullptr && sender->waits_for() == this;
  if (sender != nullptr) {
    until = earlier(until, Deadline{sender->deadline()});
  }
  std::optional<Sent> sent;
  while (!sent) {
    sent = wait_once(sender, target, until, try_it);
  }
  if (sender != nullptr && !(asks && *sent)) {
    sender->wait_no_more();
  }
  return *sent;
}

// Nothing: there may be room now.
template <class Try>
std::optional<Sent> Cell::wait_once(Cell* sender, const Target& target, Deadline until,
                                    const Try& try_it) {
  if (!is(target.number)) {
    return Sent{Code::closed};
  }
  // Each time: who lets it in says that it waits no more.
  if (std::string cycle; sender != nullptr && sender->wait_for(*this, &cycle)) {
    system().log_refusal(*this, "a full mailbox is waited for in a circle: " + cycle);
    return Sent{Code::refused};
  }
  Extras& its = need_extras();
  Extras::Sender waiting;
  waiting.sender = sender;
  {
    const std::lock_guard lock{its.lock};
    its.senders.push_back(&waiting);
  }
  senders_wait_.store(true);  // pairs with taken_out: either it sees this, or we see the room
  const bool in = is(target.number) && try_it();
  const auto outcome = in || !is(target.number) ? fiber::Waiter::Outcome::fired
                                                : waiting.room.wait(system().runtime(), until);
  {
    const std::lock_guard lock{its.lock};
    std::erase(its.senders, &waiting);
  }
  if (in) {
    if (waiting.room.fired()) {
      let_senders_in();  // it was let in after it was in: another's turn
    }
    return Sent{};
  }
  if (outcome == fiber::Waiter::Outcome::fired) {
    return std::nullopt;
  }
  // It may have been let in at that very moment: then the room is its own to take.
  if (is(target.number) && try_it()) {
    return Sent{};
  }
  return Sent{outcome == fiber::Waiter::Outcome::cancelled ? Code::cancelled : Code::overloaded};
}

Sent Cell::wait_for_room(const Target& target, Deadline until,
                         const std::function<bool()>& try_in) {
  return wait_until(target, until, try_in);
}

Sent Cell::wait_until_room(const Target& target, const std::function<std::size_t()>& more,
                           Deadline until) {
  const Sent sent = wait_until(target, until, [&] { return has_room(more()); });
  // The room is not taken yet, and may never be: somebody else may want it.
  let_senders_in();
  return sent;
}

bool Cell::has_room(std::size_t more) const noexcept {
  if (when_full() == WhenFull::drop_oldest) {
    return true;
  }
  const Extras* const its = extras();
  return depth() + more < capacity() &&
         (its == nullptr || its->bytes.load() < static_cast<std::int64_t>(its->capacity_bytes.load(
                                                    std::memory_order_relaxed)));
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
    Extras::Sender& waiting = *its->senders[i];
    if (waiting.sender != nullptr) {
      // Before it runs again: what this actor asks it meanwhile is no circle.
      waiting.sender->wait_no_more_for(*this);
    }
    (void)waiting.room.fire();
  }
  its->senders.erase(its->senders.begin(),
                     its->senders.begin() + static_cast<std::ptrdiff_t>(count));
  senders_wait_.store(!its->senders.empty());
}

// ---- dropping the oldest -----------------------------------------------------------------------

// With WhenFull::drop_oldest, what is not yet handled stays where senders can drop it: the reader
// takes one at a time.
bool Cell::push_dropping(Envelope& envelope) noexcept {
  Extras& its = need_extras();
  const std::int64_t bytes = bytes_of(envelope);
  Envelope* dropped = nullptr;
  {
    const std::lock_guard lock{its.lock};
    // With the lock, in which the end of an actor looks for what is left: what is gathered here for
    // an actor that has just ended is still seen, and nothing is taken from the next one.
    if (!is(envelope.target)) {
      return false;
    }
    gather_older(its);
    std::int64_t owned = its.bytes.load(std::memory_order_relaxed);
    const auto most = static_cast<std::int64_t>(its.capacity_bytes.load(std::memory_order_relaxed));
    Envelope* before = nullptr;
    while (its.older_first != nullptr &&
           (its.older_count >= capacity() || (bytes > 0 && owned > 0 && owned + bytes > most))) {
      Envelope*& place = before != nullptr ? before->next : its.older_first;
      if (place == nullptr) {
        break;
      }
      if (is_notice(*place)) {
        before = place;
        continue;
      }
      Envelope* const oldest = std::exchange(place, place->next);
      if (its.older_last == oldest) {
        its.older_last = before;
      }
      oldest->next = std::exchange(dropped, oldest);
      --its.older_count;
      const std::int64_t its_bytes = bytes_of(*oldest);
      owned -= its_bytes;
      its.bytes.fetch_sub(its_bytes);
    }
    in_hand_.store(static_cast<std::uint32_t>(its.older_count));
  }
  charge(envelope);
  push_anyway(envelope);
  while (dropped != nullptr) {
    Envelope& each = *std::exchange(dropped, dropped->next);
    system().count(Dropped::oldest);
    count_drop();
    AnswerBase* const answer =
        each.operations->answer != nullptr ? each.operations->answer(each) : nullptr;
    if (answer != nullptr) {
      each.operations->destroy(each);
      answer->fail(Error{Code::overloaded, "ask " + text() +
                                               ": newer messages took its place in a "
                                               "full mailbox (WhenFull::drop_oldest)"});
    } else {
      discard(each);
    }
  }
  return true;
}

void Cell::charge(const Envelope& envelope) noexcept {
  if (envelope.operations->footprint != nullptr) {
    need_extras().bytes.fetch_add(bytes_of(envelope));
  }
}

// What the word has, behind what is older. Nobody's work: the word goes on saying who is at it.
void Cell::gather_older(Extras& its) noexcept {
  std::uint64_t word = mailbox_.load();
  do {
    if ((word & kAddress) <= kIdle) {
      return;
    }
    // Before the word says that there are none: who sends meanwhile finds no room that is not.
    in_hand_.store(static_cast<std::uint32_t>(its.older_count + count_of(word)));
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
  // Counted by this actor alone.
  waits_.store(waits_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  waits_for_.store(&asked);
  if (asked.waits_for_.load() == nullptr && &asked != this) [[likely]] {
    return false;
  }
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
