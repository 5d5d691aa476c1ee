// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/ledger.hpp"

#include "troupe/runtime/queue/internal/journal.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// Of so many queues it is remembered what their items have emitted here; then the one that has been
// quiet for longest is forgotten.
constexpr std::size_t kMostCauseQueues = 4096;

}  // namespace

Ledger::Ledger(QueueOptions options, Journal* journal)
    : options_(std::move(options)), journal_(journal) {}

Ledger::~Ledger() = default;

// ---- puts --------------------------------------------------------------------------------------

Ledger::Put Ledger::put(ItemPtr item, Duration delay, Instant now) {
  const bool full = room(0) == 0 || room_bytes(0) < item->bytes().size();
  if (full && options_.when_full == WhenFull::drop_newest) {
    ++counts_.dropped;
    return Put::dropped;
  }
  if (full && options_.when_full == WhenFull::drop_oldest && !drop_oldest()) {
    ++counts_.dropped;  // all that there is is in work
    return Put::dropped;
  }
  ++counts_.accepted;
  accept(std::move(item), delay, now);
  return Put::accepted;
}

void Ledger::emit(const Cause& cause, std::vector<ItemPtr> items, Instant now) {
  if (seen_.size() >= kMostCauseQueues && !seen_.contains(cause.queue)) {
    forget_quietest();
  }
  Seen& seen = seen_[cause.queue];
  seen.heard = ++emits_;
  forget_causes(cause.queue, seen.causes, seen.causes.lower_bound(cause.settled));
  if (seen.causes.insert(cause.item).second) {
    if (journal_ != nullptr) {
      journal_->emitted(cause.queue, cause.item);
    }
    for (ItemPtr& item : items) {
      (void)put(std::move(item), Duration{}, now);
    }
  }
}

void Ledger::forget_quietest() {
  const auto quietest =
      std::ranges::min_element(seen_, {}, [](const auto& each) { return each.second.heard; });
  Causes& causes = quietest->second.causes;
  forget_causes(quietest->first, causes, causes.end());
  seen_.erase(quietest);
}

// Those before `end`.
void Ledger::forget_causes(std::uint64_t queue, Causes& causes, Causes::iterator end) {
  if (journal_ != nullptr) {
    std::for_each(causes.begin(), end,
                  [&](std::uint64_t cause) { journal_->settled(queue, cause); });
  }
  causes.erase(causes.begin(), end);
}

void Ledger::accept(ItemPtr item, Duration delay, Instant now) {
  item->id = ++last_id_;
  link(*item);
  if (journal_ != nullptr) {
    desk_changed_ = true;
    item->in_order = item->priority == 0 && delay <= Duration::zero();
    journal_->accepted(*item);
  }
  if (delay > Duration::zero()) {
    later(std::move(item), delay, now);
  } else {
    make_ready(std::move(item), false);
  }
}

void Ledger::link(Item& item) noexcept {
  item.before = newest_;
  (newest_ != nullptr ? newest_->after : oldest_) = &item;
  newest_ = &item;
  ++unfinished_;
  bytes_ += item.bytes().size();
}

void Ledger::make_ready(ItemPtr item, bool front) {
  Class& its = ready_[item->priority];
  ++ready_count_;
  if (front) {
    its.push_front(std::move(item));
  } else {
    its.push_back(std::move(item));
  }
}

void Ledger::later(ItemPtr item, Duration delay, Instant now) {
  if (journal_ != nullptr) {
    journal_->changed(*item, now + delay, delay);
  }
  ++ready_count_;
  delayed_.emplace(now + delay, std::move(item));
}

bool Ledger::drop_oldest() {
  const auto lowest = std::find_if(ready_.rbegin(), ready_.rend(),
                                   [](const auto& each) { return !each.second.empty(); });
  if (lowest == ready_.rend()) {
    return false;
  }
  const ItemPtr dropped = std::move(lowest->second.front());
  lowest->second.pop_front();
  --ready_count_;
  ++counts_.dropped;
  forget(*dropped);
  return true;
}

std::size_t Ledger::room(std::size_t promised) const noexcept {
  const std::size_t taken = unfinished_ + promised;
  return taken < options_.capacity ? options_.capacity - taken : 0;
}

std::size_t Ledger::room_bytes(std::size_t promised) const noexcept {
  const std::size_t taken = bytes_ + promised;
  return taken < options_.capacity_bytes ? options_.capacity_bytes - taken : 0;
}

// ---- deliveries --------------------------------------------------------------------------------

void Ledger::wake(Instant now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    ItemPtr item = std::move(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    --ready_count_;
    make_ready(std::move(item), false);
  }
}

std::optional<Ledger::Given> Ledger::give(Holder& holder, Instant now) {
  wake(now);
  for (auto each = ready_.begin(); each != ready_.end();) {
    Class& its = each->second;
    if (its.empty()) {
      // One class stays: that of a queue without priorities.
      each = ready_.size() > 1 ? ready_.erase(each) : std::next(each);
      continue;
    }
    if (its.front()->suspect && holder.suspects_ > 0) {
      return std::nullopt;  // somebody else may have it; or this one, when it is done with the
                            // other
    }
    if (journal_ != nullptr && !is_announced(*its.front())) {
      return std::nullopt;
    }
    ItemPtr item = std::move(its.front());
    its.pop_front();
    --ready_count_;
    item->held_until = now + options_.max_hold;
    ++holder.in_work_;
    holder.suspects_ += item->suspect ? 1 : 0;
    counts_.redelivered += item->attempts > 0 ? 1 : 0;
    holder.given_.push_back(std::move(item));
    return Given{holder.first_ + holder.given_.size() - 1, holder.given_.back().get()};
  }
  return std::nullopt;
}

void Ledger::take_back(Holder& holder) {
  ItemPtr item = std::move(holder.given_.back());
  holder.given_.pop_back();
  --holder.in_work_;
  holder.suspects_ -= item->suspect ? 1 : 0;
  counts_.redelivered -= item->attempts > 0 ? 1 : 0;
  make_ready(std::move(item), true);
}

ItemPtr Ledger::release(Holder& holder, std::uint64_t number) {
  if (number < holder.first_ || number - holder.first_ >= holder.given_.size()) {
    return nullptr;
  }
  ItemPtr item = std::move(holder.given_[number - holder.first_]);
  while (!holder.given_.empty() && holder.given_.front() == nullptr) {
    holder.given_.pop_front();
    ++holder.first_;
  }
  if (item != nullptr) {
    --holder.in_work_;
    holder.suspects_ -= item->suspect ? 1 : 0;
  }
  return item;
}

void Ledger::forget(const Item& item) {
  if (journal_ != nullptr) {
    desk_changed_ = true;
    journal_->finished(item);
  }
  (item.before != nullptr ? item.before->after : oldest_) = item.after;
  (item.after != nullptr ? item.after->before : newest_) = item.before;
  --unfinished_;
  bytes_ -= item.bytes().size();
}

bool Ledger::finish(Holder& holder, std::uint64_t number) {
  const ItemPtr item = release(holder, number);
  if (item == nullptr) {
    return false;
  }
  ++counts_.finished;
  forget(*item);
  return true;
}

bool Ledger::finish(Holder& holder, std::uint64_t number, std::vector<ItemPtr> outputs,
                    Instant now) {
  const ItemPtr item = release(holder, number);
  if (item == nullptr) {
    return false;
  }
  for (ItemPtr& output : outputs) {
    ++counts_.accepted;
    accept(std::move(output), Duration{}, now);
  }
  ++counts_.finished;
  forget(*item);
  return true;
}

bool Ledger::give_back(Holder& holder, std::uint64_t number, bool opened, Duration delay,
                       Instant now) {
  ItemPtr item = release(holder, number);
  if (item == nullptr) {
    return false;
  }
  if (!opened) {
    back_unopened(*item);
    make_ready(std::move(item), true);
  } else {
    attempt_failed(std::move(item), delay, now, "was given back");
  }
  return true;
}

void Ledger::attempt_failed(ItemPtr item, Duration delay, Instant now, const std::string& how) {
  item->opened = false;
  item->handed = Handed::no;  // its attempts tell
  if (++item->attempts >= options_.deliveries) {
    std::string reason = "it " + how + ", at delivery " + std::to_string(item->attempts);
    bury(std::move(item), std::move(reason));
  } else if (delay > Duration::zero()) {
    later(std::move(item), delay, now);
  } else {
    note(*item);
    make_ready(std::move(item), false);
  }
}

bool Ledger::reject(Holder& holder, std::uint64_t number, std::string reason) {
  ItemPtr item = release(holder, number);
  if (item == nullptr) {
    return false;
  }
  ++item->attempts;
  bury(std::move(item), std::move(reason));
  return true;
}

void Ledger::bury(ItemPtr item, std::string reason) {
  ++counts_.dead;
  forget(*item);
  dead_.push_back({std::move(item), std::move(reason)});
}

// Null: it is not the consumer's (any more).
Item* Ledger::find(Holder& holder, std::uint64_t number) noexcept {
  const bool is_known = number >= holder.first_ && number - holder.first_ < holder.given_.size();
  return is_known ? holder.given_[number - holder.first_].get() : nullptr;
}

bool Ledger::extend(Holder& holder, std::uint64_t number, Instant until) {
  Item* const item = find(holder, number);
  if (item != nullptr) {
    item->held_until = until;
  }
  return item != nullptr;
}

bool Ledger::open(Holder& holder, std::uint64_t number) {
  Item* const item = find(holder, number);
  if (item != nullptr) {
    item->opened = true;
  }
  return item != nullptr;
}

// Of many items that a consumer had, only those it has said it begins with are told to be the cause
// for certain. The others are suspects: handed out again, one at a time.
void Ledger::died(Holder& holder, Instant now) {
  for (ItemPtr& item : std::exchange(holder.given_, {})) {
    if (item == nullptr) {
      continue;
    }
    if (item->suspect && !item->opened) {
      back_unopened(*item);
      make_ready(std::move(item), false);
    } else if (!item->suspect) {
      item->suspect = true;
      item->attempts = std::min(item->attempts + 1, options_.deliveries - 1);
      item->handed = Handed::elsewhere;
      note(*item);
      make_ready(std::move(item), false);
    } else {
      attempt_failed(std::move(item), Duration{}, now, "was in work when its consumer died");
    }
  }
  holder = Holder{};
}

void Ledger::left(Holder& holder, Instant now) {
  for (ItemPtr& item : std::exchange(holder.given_, {})) {
    if (item != nullptr && item->opened) {
      attempt_failed(std::move(item), Duration{}, now, "was left by its consumer");
    } else if (item != nullptr) {
      back_unopened(*item);
      make_ready(std::move(item), false);
    }
  }
  holder = Holder{};
}

void Ledger::end_overdue(Holder& holder, Instant now,
                         const std::function<void(std::uint64_t)>& told) {
  std::vector<std::uint64_t> overdue;
  for (std::size_t i = 0; i < holder.given_.size(); ++i) {
    if (holder.given_[i] != nullptr && holder.given_[i]->held_until <= now) {
      overdue.push_back(holder.first_ + i);
    }
  }
  for (const std::uint64_t number : overdue) {
    attempt_failed(release(holder, number), Duration{}, now, "was kept for too long");
    told(number);
  }
}

// ---- looking -----------------------------------------------------------------------------------

std::uint64_t Ledger::settled() const noexcept {
  return oldest_ != nullptr ? oldest_->id : last_id_ + 1;
}

bool Ledger::has_ready(Instant now) const noexcept {
  return ready_count_ > delayed_.size() || next_ready() <= now;
}

Instant Ledger::next_ready() const noexcept {
  return delayed_.empty() ? Instant::max() : delayed_.begin()->first;
}

QueueStats Ledger::stats() const noexcept {
  QueueStats stats = counts_;
  stats.ready = ready_count_;
  stats.in_work = unfinished_ - ready_count_;
  stats.bytes = bytes_;
  stats.closed = closed_;
  return stats;
}

std::vector<Ledger::Dead> Ledger::take_dead() noexcept {
  return std::exchange(dead_, {});
}

}  // namespace troupe::queue
