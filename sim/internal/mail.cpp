// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/mail.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::sim {
namespace {

// For std's heaps, whose first is the greatest.
bool later(const Due& a, const Due& b) noexcept {
  return a.when != b.when ? a.when > b.when : a.order > b.order;
}

}  // namespace

void Mail::add(Due due) {
  due.order = added_++;
  due_.push_back(due);
  std::ranges::push_heap(due_, later);
}

Instant Mail::in_turn(const Pair& pair, Instant when, Instant now) {
  if (last_.size() >= forget_at_) {
    std::erase_if(last_, [now](const auto& each) { return each.second <= now; });
    forget_at_ = std::max<std::size_t>(1024, 2 * last_.size());
  }
  Instant& last = last_[pair];
  last = std::max(last, when);
  return last;
}

std::optional<Due> Mail::take_due(Instant now) {
  if (first() > now || due_.empty()) {
    return std::nullopt;
  }
  std::ranges::pop_heap(due_, later);
  const Due due = due_.back();
  due_.pop_back();
  return due;
}

std::vector<Due> Mail::take_all(const Node* node) {
  const auto stays = [node](const Due& due) {
    return node != nullptr && due.node != node && due.from != node;
  };
  std::ranges::sort(due_, [](const Due& a, const Due& b) { return later(b, a); });
  // (Not that of std::ranges, which clang 14 does not compile with this library.)
  const auto gone = std::stable_partition(due_.begin(), due_.end(), stays);
  std::vector<Due> taken{gone, due_.end()};
  due_.erase(gone, due_.end());  // what is sorted is a heap
  std::ranges::make_heap(due_, later);
  return taken;
}

}  // namespace troupe::sim
