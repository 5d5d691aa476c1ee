// SPDX-License-Identifier: Apache-2.0
#pragma once

// TimerQueue: what is due when; a heap of four children a node. Entries are their owners' memory.
// Equal times come out in the order they went in. One thread's.

#include "troupe/base/check.hpp"
#include "troupe/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::fiber {

// Something that is due at a time. In at most one queue.
class TimerEntry {
 public:
  // Called on the queue's thread, once the entry is out of the queue.
  using Due = void (*)(TimerEntry& entry);

  explicit constexpr TimerEntry(Due when_due) noexcept : due_(when_due) {}
  TimerEntry(const TimerEntry&) = delete;
  TimerEntry& operator=(const TimerEntry&) = delete;

  bool queued() const noexcept { return place_ != kNowhere; }
  void due() { due_(*this); }

 protected:
  ~TimerEntry() { TROUPE_CHECK(!queued()); }

 private:
  friend class TimerQueue;
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  const Due due_;
  std::size_t place_ = kNowhere;
};

class TimerQueue final {
 public:
  void add(TimerEntry& entry, Instant when);
  void remove(TimerEntry& entry) noexcept;  // nothing happens when it is not in the queue

  // When the first is due; never: Instant::max().
  Instant first() const noexcept { return heap_.empty() ? Instant::max() : heap_.front().when; }
  // The first, if it is due by `now`, taken out; null otherwise.
  TimerEntry* take_due(Instant now) noexcept;

  std::size_t size() const noexcept { return heap_.size(); }

 private:
  struct Node {
    Instant when;
    std::uint64_t order;
    TimerEntry* entry;

    bool before(const Node& other) const noexcept {
      return when != other.when ? when < other.when : order < other.order;
    }
  };

  void put(std::size_t place, const Node& node) noexcept;
  void rise(std::size_t place, const Node& node) noexcept;
  void sink(std::size_t place, const Node& node) noexcept;

  std::vector<Node> heap_;
  std::uint64_t added_ = 0;
};

}  // namespace troupe::fiber
