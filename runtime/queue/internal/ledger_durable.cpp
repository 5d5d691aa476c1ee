// SPDX-License-Identifier: Apache-2.0
// What a Ledger does so that its queue survives its process.
#include "troupe/runtime/queue/internal/journal.hpp"
#include "troupe/runtime/queue/internal/ledger.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {

void Ledger::note(Item& item) {
  if (journal_ != nullptr) {
    journal_->changed(item);
  }
}

// Nobody had begun with it.
void Ledger::back_unopened(Item& item) {
  item.opened = false;
  if (item.handed == Handed::here) {
    item.handed = Handed::elsewhere;
    note(item);
  }
}

// ---- what may be handed out --------------------------------------------------------------------
//
// After a restart an item that a consumer may have had is to be marked so. A write for each one
// that is handed out would cost as much as its put; so of those that go in the order of their ids,
// as nearly all do, only the number below which they went is written. A suspect, and what was given
// back once, is told apart for itself where its consumer would die with its owner: there the next
// restart counts as an attempt, so that an item that kills its own queue ends, too.

Handed Ledger::needed(const Item& item) const noexcept {
  if (item.attempts > 0) {
    return given_here_ ? Handed::here : Handed::no;
  }
  return item.suspect && given_here_ ? Handed::here : Handed::elsewhere;
}

bool Ledger::is_announced(const Item& item) const noexcept {
  const Handed least = needed(item);
  return item.handed >= least ||
         (least == Handed::elsewhere && item.in_order && item.id < given_below_);
}

void Ledger::announce(std::size_t count, bool here, Instant now) {
  if (journal_ == nullptr || count == 0) {
    return;
  }
  if (here && !std::exchange(given_here_, true)) {
    desk_changed_ = true;
  }
  wake(now);
  for (auto& [priority, items] : ready_) {
    for (const ItemPtr& item : items) {
      if (count-- == 0) {
        return;
      }
      if (is_announced(*item)) {
        continue;
      }
      const Handed least = needed(*item);
      if (least == Handed::elsewhere && item->in_order) {
        given_below_ = item->id + 1;
        desk_changed_ = true;
      } else {
        item->handed = least;
        note(*item);
      }
    }
  }
}

void Ledger::write_desk(const std::string& failure) {
  if (journal_ != nullptr && std::exchange(desk_changed_, false)) {
    journal_->wrote({last_id_, given_below_, given_here_, closed_, failure, counts_});
  }
}

// ---- after a restart ---------------------------------------------------------------------------

// False: it is a dead letter now.
bool Ledger::come_back(Item& item, const StateRecord* state) const {
  if (state != nullptr) {
    item.attempts = state->attempts;
    item.suspect = state->suspect;
    item.handed = static_cast<Handed>(std::min<std::uint8_t>(state->handed, 2));
    item.has_state = true;
  } else {
    item.in_order = item.priority == 0;
  }
  const bool in_order = item.in_order && item.id < given_below_;
  if (item.handed == Handed::here || (in_order && given_here_)) {
    if (item.suspect && item.attempts + 1 >= options_.deliveries) {
      ++item.attempts;
      return false;
    }
    const std::uint32_t most = std::max(options_.deliveries - 1, 1U);
    item.attempts = std::min(item.attempts + 1, most);
    item.suspect = true;
  } else if (item.handed == Handed::elsewhere || in_order) {
    item.attempts = std::max(item.attempts, 1U);
  } else {
    return true;
  }
  item.handed = Handed::no;
  return true;
}

void Ledger::take_in(ItemPtr item, const StateRecord* state, bool same_boot, Instant now) {
  link(*item);
  const StateRecord before = state != nullptr ? *state : StateRecord{};
  const bool lives = come_back(*item, state);
  if (!lives) {
    std::string reason = "it was in work when the process of its queue died, at delivery " +
                         std::to_string(item->attempts);
    bury(std::move(item), std::move(reason));
    return;
  }
  Duration left = Duration::zero();
  if (before.delay > 0 && item->attempts == before.attempts) {
    const Duration delay{before.delay};
    left = same_boot ? std::min(delay, Instant{Duration{before.due}} - now) : delay;
  }
  if (left > Duration::zero()) {
    later(std::move(item), left, now);
    return;
  }
  if (item->attempts != before.attempts) {
    note(*item);
  }
  make_ready(std::move(item), false);
}

void Ledger::restore(Restored restored, bool same_boot, Instant now) {
  const DeskRecord& desk = restored.desk;
  last_id_ = desk.last_id;
  given_below_ = desk.given_below;
  given_here_ = desk.given_here;
  closed_ = desk.closed && !restored.items.empty();
  counts_ = desk.counts;
  for (const auto& [queue, item] : restored.causes) {
    seen_[queue].causes.insert(item);
  }
  auto state = restored.states.cbegin();
  for (ItemPtr& item : restored.items) {
    while (state != restored.states.cend() && state->first < item->id) {
      ++state;
    }
    const bool has_state = state != restored.states.cend() && state->first == item->id;
    const StateRecord* const its = has_state ? &state->second : nullptr;
    take_in(std::move(item), its, same_boot, now);
  }
  for (auto& [priority, items] : ready_) {
    std::stable_partition(items.begin(), items.end(), [](const ItemPtr& item) {
      return item->attempts == 0 && !item->suspect;
    });
  }
  given_here_ = false;
  desk_changed_ = true;
}

}  // namespace troupe::queue
