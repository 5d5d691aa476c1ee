// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ledger: what a queue's owner knows and the rules it keeps: which items there are, who has which,
// what becomes of them. No connections, no clock, no waiting: the Owner brings it what happened and
// the time, so that a test can bring it anything in any order. One thread's.
//
// The rules (docs/architecture.md#queues): nothing is finished but by finish() of who holds it;
// what a consumer leaves comes back, behind its class; what was handed out too often is a dead
// letter; the items that one cause emits appear once, however often the cause is redone.

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/internal/item.hpp"
#include "troupe/runtime/queue/queue_options.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::queue {

// The deliveries of one consumer, numbered from 1 in the order it was given them.
class Holder final {
 public:
  std::size_t in_work() const noexcept { return in_work_; }
  // The number of the next one.
  std::uint64_t next() const noexcept { return first_ + given_.size(); }

 private:
  friend class Ledger;

  std::deque<ItemPtr> given_;  // null: finished, or back
  std::uint64_t first_ = 1;    // the number of given_.front()
  std::size_t in_work_ = 0;
  std::size_t suspects_ = 0;
};

// Where the outputs of an item come from.
struct Cause {
  std::uint64_t queue = 0;    // which queue's item it was
  std::uint64_t item = 0;     // its id there
  std::uint64_t settled = 0;  // all items of that queue below are finished
};

class Journal;
struct DeskRecord;
struct Restored;
struct StateRecord;

class Ledger final {
 public:
  // Of a durable queue: what becomes of its items is written to `journal`.
  explicit Ledger(QueueOptions options, Journal* journal = nullptr);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // ---- puts ----
  // What it has promised room for is taken, also when it is closed.
  enum class Put : std::uint8_t { accepted, dropped };
  Put put(ItemPtr item, Duration delay, Instant now);
  // All of them, or none: where that cause has brought its outputs before.
  void emit(const Cause& cause, std::vector<ItemPtr> items, Instant now);
  // How many more items it takes, besides `promised` ones.
  std::size_t room(std::size_t promised) const noexcept;
  std::size_t room_bytes(std::size_t promised) const noexcept;
  // No more room is to be promised.
  void close() noexcept { desk_changed_ |= !std::exchange(closed_, true); }
  bool closed() const noexcept { return closed_; }

  // ---- deliveries ----
  struct Given {
    std::uint64_t number;
    const Item* item;
  };
  // Hands out the next item, if there is one that this consumer may have now.
  std::optional<Given> give(Holder& holder, Instant now);
  // The last one that was given does not reach the consumer yet: it stands in its old place again.
  void take_back(Holder& holder);
  // False of all: that delivery is not the consumer's (any more).
  bool finish(Holder& holder, std::uint64_t number);
  // Finishes it, and its outputs into this queue take its place, however full it is.
  bool finish(Holder& holder, std::uint64_t number, std::vector<ItemPtr> outputs, Instant now);
  // `opened`: the consumer has looked at it, so it was an attempt.
  bool give_back(Holder& holder, std::uint64_t number, bool opened, Duration delay, Instant now);
  bool reject(Holder& holder, std::uint64_t number, std::string reason);
  bool extend(Holder& holder, std::uint64_t number, Instant until);
  // Its consumer begins with a suspect.
  bool open(Holder& holder, std::uint64_t number);
  // The consumer has ended without a word.
  void died(Holder& holder, Instant now);
  // The consumer goes in order: what it had is back, and was no attempt unless it was opened.
  void left(Holder& holder, Instant now);
  // What consumers have kept for too long is back; `told` hears of each.
  void end_overdue(Holder& holder, Instant now, const std::function<void(std::uint64_t)>& told);

  // ---- of a durable queue ----
  // Before anything else: what the journal had. `same_boot`: its times are this boot's. What may
  // have been handed out is marked as redelivered.
  void restore(Restored restored, bool same_boot, Instant now);
  // The next `count` items may be handed out once the journal's store has committed; nothing else
  // is. `here`: perhaps to a consumer in this process, which dies with its owner.
  void announce(std::size_t count, bool here, Instant now);
  // Writes what the journal is to know of the queue itself. `failure`: why it was closed.
  void write_desk(const std::string& failure);

  // ---- looking ----
  std::uint64_t settled() const noexcept;
  bool has_ready(Instant now) const noexcept;
  // When a delayed item is ready; max: there is none.
  Instant next_ready() const noexcept;
  bool idle() const noexcept { return unfinished_ == 0; }
  // Closed, empty, and nothing in work: nothing will ever come.
  bool ended() const noexcept { return closed_ && idle(); }
  QueueStats stats() const noexcept;

  // Dead letters, in the order of their deaths, each to be put elsewhere by the Owner.
  struct Dead {
    ItemPtr item;
    std::string reason;
  };
  std::vector<Dead> take_dead() noexcept;

 private:
  using Class = std::deque<ItemPtr>;
  using Causes = std::set<std::uint64_t>;

  void accept(ItemPtr item, Duration delay, Instant now);
  void make_ready(ItemPtr item, bool front);
  void later(ItemPtr item, Duration delay, Instant now);
  void link(Item& item) noexcept;
  void wake(Instant now);
  bool drop_oldest();
  void forget_quietest();
  void forget_causes(std::uint64_t queue, Causes& causes, Causes::iterator end);
  static Item* find(Holder& holder, std::uint64_t number) noexcept;
  ItemPtr release(Holder& holder, std::uint64_t number);
  void attempt_failed(ItemPtr item, Duration delay, Instant now, const std::string& how);
  void forget(const Item& item);
  void bury(ItemPtr item, std::string reason);
  void note(Item& item);
  void back_unopened(Item& item);
  bool is_announced(const Item& item) const noexcept;
  Handed needed(const Item& item) const noexcept;
  bool come_back(Item& item, const StateRecord* state) const;
  void take_in(ItemPtr item, const StateRecord* state, bool same_boot, Instant now);

  const QueueOptions options_;
  Journal* const journal_;  // null: it is not durable
  bool closed_ = false;
  std::map<std::int32_t, Class, std::greater<>> ready_;
  std::multimap<Instant, ItemPtr> delayed_;
  // All unfinished, by id.
  Item* oldest_ = nullptr;
  Item* newest_ = nullptr;
  std::uint64_t last_id_ = 0;
  std::size_t unfinished_ = 0;
  std::size_t ready_count_ = 0;
  std::size_t bytes_ = 0;
  // What has been emitted already: causes by their queue, and when that was heard of last.
  struct Seen {
    Causes causes;
    std::uint64_t heard = 0;
  };
  std::map<std::uint64_t, Seen> seen_;
  std::uint64_t emits_ = 0;
  std::vector<Dead> dead_;
  QueueStats counts_;
  std::uint64_t given_below_ = 0;  // DeskRecord's
  bool given_here_ = false;
  bool desk_changed_ = false;  // since write_desk
};

}  // namespace troupe::queue
