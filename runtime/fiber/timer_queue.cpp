// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/timer_queue.hpp"

#include <algorithm>

namespace troupe::fiber {
namespace {

constexpr std::size_t kChildren = 4;

}  // namespace

void TimerQueue::add(TimerEntry& entry, Instant when) {
  TROUPE_CHECK(!entry.queued());
  heap_.emplace_back();
  rise(heap_.size() - 1, Node{when, added_++, &entry});
}

void TimerQueue::remove(TimerEntry& entry) noexcept {
  const std::size_t place = entry.place_;
  if (place == TimerEntry::kNowhere) {
    return;
  }
  entry.place_ = TimerEntry::kNowhere;
  const Node last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    const bool rises = place > 0 && last.before(heap_[(place - 1) / kChildren]);
    rises ? rise(place, last) : sink(place, last);
  }
}

TimerEntry* TimerQueue::take_due(Instant now) noexcept {
  if (heap_.empty() || heap_.front().when > now) {
    return nullptr;
  }
  TimerEntry* const entry = heap_.front().entry;
  remove(*entry);
  return entry;
}

void TimerQueue::put(std::size_t place, const Node& node) noexcept {
  heap_[place] = node;
  node.entry->place_ = place;
}

void TimerQueue::rise(std::size_t place, const Node& node) noexcept {
  while (place > 0) {
    const std::size_t parent = (place - 1) / kChildren;
    if (!node.before(heap_[parent])) {
      break;
    }
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, node);
}

void TimerQueue::sink(std::size_t place, const Node& node) noexcept {
  for (;;) {
    const std::size_t first = place * kChildren + 1;
    if (first >= heap_.size()) {
      break;
    }
    const std::size_t end = std::min(first + kChildren, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].before(heap_[least])) {
        least = child;
      }
    }
    if (!heap_[least].before(node)) {
      break;
    }
    put(place, heap_[least]);
    place = least;
  }
  put(place, node);
}

}  // namespace troupe::fiber
