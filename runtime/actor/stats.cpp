// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/stats.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <array>
#include <mutex>
#include <string>

namespace troupe::actor {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Dropped::kCount)> kCauses{
    "ended", "refused", "newest", "oldest", "expired", "unhandled"};

Duration since(std::uint32_t ticks, Instant now) noexcept {
  return ticks == 0 ? Duration::zero() : time_of_ticks(ticks_of(now) - ticks);
}

}  // namespace

std::optional<ActorStats> Cell::stats(Instant now) {
  ActorStats stats;
  stats.id.number = number();
  if (stats.id.number == 0) {
    return std::nullopt;
  }
  stats.parent.number = parent_.load(std::memory_order_relaxed);
  stats.type = std::string{type()->name};
  stats.mailbox = depth();
  stats.capacity = capacity();
  stats.handled = handled_.load(std::memory_order_relaxed);
  stats.dropped = dropped_.load(std::memory_order_relaxed);
  if (const Extras* const its = extras(); its != nullptr) {
    const std::lock_guard lock{extras()->lock};
    stats.name = its->name;
    stats.restarts = its->restarts;
  }
  const MessageType* const message = handling();
  const Cell* const awaited = waits_for();
  const bool idle = (mailbox_.load(std::memory_order_relaxed) & kAddress) == kIdle;
  if (message != nullptr) {
    stats.handler = std::string{message->name};
    stats.handling = since(since_.load(std::memory_order_relaxed), now);
  }
  if (awaited != nullptr) {
    stats.waits_for = awaited->text();
  }
  stats.state = ending()             ? "ending"
                : awaited != nullptr ? "waiting"
                : message != nullptr ? "running"
                : idle               ? "idle"
                                     : "queued";
  if (stats.mailbox > 0) {
    const std::uint32_t in_hand = oldest_.load(std::memory_order_relaxed);
    stats.oldest = since(in_hand_.load(std::memory_order_relaxed) > 0 && in_hand != 0
                             ? in_hand
                             : newest_run_.load(std::memory_order_relaxed),
                         now);
  }
  return stats;
}

Stats System::stats() const {
  Stats stats;
  const Instant now = runtime_.clock().now();
  std::uint64_t handled = 0;
  cells_->for_each([&](Cell& cell) {
    if (auto one = cell.stats(now)) {
      handled += one->handled;
      stats.actors.push_back(*std::move(one));
    }
  });
  for (std::size_t i = 0; i < kCauses.size(); ++i) {
    stats.counters["troupe_messages_dropped_total{cause=\"" + std::string{kCauses.at(i)} + "\"}"] =
        dropped_.at(i).load(std::memory_order_relaxed);
  }
  stats.counters["troupe_actors_spawned_total"] = spawned_.sum();
  stats.counters["troupe_actors_failed_total"] = failed_.load(std::memory_order_relaxed);
  stats.counters["troupe_messages_handled_total"] = handled + handled_before_.sum();
  stats.gauges["troupe_actors"] = static_cast<double>(living());
  return stats;
}

}  // namespace troupe::actor
