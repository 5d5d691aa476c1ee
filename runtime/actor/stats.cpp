// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/stats.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/internal/figures.hpp"
#include "troupe/runtime/actor/open_metrics.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/internal/stack.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

namespace troupe::actor {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Dropped::kCount)> kCauses{
    "ended", "refused", "newest", "oldest", "expired", "unhandled", "lost_on_link"};

Duration since(std::uint32_t ticks, Instant now) noexcept {
  // What came after `now` was read has waited for no time, not for 52 days.
  const std::uint32_t passed = ticks_of(now) - ticks;
  return ticks == 0 || passed > ~std::uint32_t{0} / 2 ? Duration::zero() : time_of_ticks(passed);
}

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

// What is known of the actors of one class.
struct Sums {
  std::array<std::uint64_t, kDoings> actors{};
  std::uint64_t mailbox = 0;
  std::uint64_t mailbox_max = 0;
  std::uint64_t handled = 0;
  Duration oldest{};
  Duration handling{};

  void add(const Figures& one) {
    ++actors.at(static_cast<std::size_t>(one.doing));
    mailbox += one.mailbox;
    mailbox_max = std::max<std::uint64_t>(mailbox_max, one.mailbox);
    handled += one.handled;
    oldest = std::max(oldest, one.oldest);
    handling = std::max(handling, one.handling);
  }
};

// By name: two classes may have the same, in two libraries.
using SumsByType = std::map<std::string_view, Sums>;

void write_gauges(const SumsByType& all, Stats& stats) {
  for (const auto& [type, sums] : all) {
    const std::string label = "{type=\"" + label_value(type) + "\"";
    for (std::size_t i = 0; i < kDoings; ++i) {
      stats.gauges["troupe_actors_in_state" + label + ",state=\"" +
                   std::string{name_of(static_cast<Doing>(i))} + "\"}"] =
          static_cast<double>(sums.actors.at(i));
    }
    stats.gauges["troupe_mailbox_messages" + label + "}"] = static_cast<double>(sums.mailbox);
    stats.gauges["troupe_mailbox_messages_max" + label + "}"] =
        static_cast<double>(sums.mailbox_max);
    stats.gauges["troupe_mailbox_oldest_seconds" + label + "}"] = seconds(sums.oldest);
    stats.gauges["troupe_handler_longest_seconds" + label + "}"] = seconds(sums.handling);
  }
}

void write_scheduler(fiber::Scheduler* scheduler, Stats& stats) {
  double workers = 0;
  double asleep = 0;
  double suspended = 0;
  if (scheduler != nullptr) {
    scheduler->for_each_worker([&](const fiber::Worker& worker, std::size_t /*number*/) {
      workers += 1;
      asleep += worker.asleep() ? 1 : 0;
      suspended += static_cast<double>(worker.suspended());
    });
  }
  stats.gauges["troupe_workers"] = workers;
  stats.gauges["troupe_workers_asleep"] = asleep;
  stats.gauges["troupe_fibers_suspended"] = suspended;
  stats.gauges["troupe_stacks_in_use"] =
      scheduler != nullptr ? static_cast<double>(scheduler->stacks().in_use()) : 0;
  stats.gauges["troupe_stacks_made"] =
      scheduler != nullptr ? static_cast<double>(scheduler->stacks().made()) : 0;
}

}  // namespace

Moment::Moment(Instant its_now, fiber::Scheduler* scheduler, std::vector<BlockingCalls::Call> calls)
    : now(its_now), blocking(std::move(calls)) {
  std::ranges::sort(blocking, std::less<>{}, &BlockingCalls::Call::cell);
  if (scheduler != nullptr) {
    scheduler->for_each_worker([this](const fiber::Worker& worker, std::size_t /*number*/) {
      if (const fiber::Task* const task = worker.running(); task != nullptr) {
        running.push_back(task);
      }
    });
  }
}

bool Moment::is_running(const fiber::Task& task) const noexcept {
  return std::ranges::find(running, &task) != running.end();
}

std::string Moment::text_of_call(const Cell& cell) const {
  const auto found =
      std::ranges::lower_bound(blocking, &cell, std::less<>{}, &BlockingCalls::Call::cell);
  if (found == blocking.end() || found->cell != &cell) {
    return {};
  }
  return "a blocking() call that has taken " +
         std::to_string((now - found->since) / std::chrono::milliseconds{1}) + " ms";
}

std::string_view name_of(Doing doing) noexcept {
  constexpr std::array<std::string_view, kDoings> kNames{"idle", "queued", "running", "waiting",
                                                         "ending"};
  return kNames.at(static_cast<std::size_t>(doing));
}

std::optional<Figures> Cell::figures(const Moment& moment) const noexcept {
  Figures one;
  one.number = number();
  one.type = type();
  if (one.number == 0 || one.type == nullptr) {
    return std::nullopt;
  }
  one.mailbox = depth();
  one.handled = handled_.load(std::memory_order_relaxed);
  one.handler = handling();
  one.waits_for = waits_for();
  const bool idle = (mailbox_.load(std::memory_order_relaxed) & kAddress) == kIdle;
  // A thread's Inbox is at work on no worker.
  const bool running = moment.is_running(*this) || (one.handler != nullptr && !is_actor());
  one.doing = ending()                   ? Doing::ending
              : one.waits_for != nullptr ? Doing::waiting
              : running                  ? Doing::running
              : one.handler != nullptr   ? Doing::waiting
              : idle                     ? Doing::idle
                                         : Doing::queued;
  if (one.handler != nullptr) {
    one.handling = since(since_.load(std::memory_order_relaxed), moment.now);
  }
  if (one.mailbox > 0) {
    const std::uint32_t in_hand = oldest_.load(std::memory_order_relaxed);
    one.oldest = since(in_hand_.load(std::memory_order_relaxed) > 0 && in_hand != 0
                           ? in_hand
                           : newest_run_.load(std::memory_order_relaxed),
                       moment.now);
  }
  // Another actor may have come to this place meanwhile.
  return number() == one.number ? std::optional{one} : std::nullopt;
}

std::optional<ActorStats> Cell::stats(const Moment& moment) const {
  const std::optional<Figures> one = figures(moment);
  if (!one) {
    return std::nullopt;
  }
  ActorStats stats;
  stats.id.number = one->number;
  stats.parent.number = parent_.load(std::memory_order_relaxed);
  stats.type = std::string{one->type->name};
  stats.state = std::string{name_of(one->doing)};
  stats.handler = one->handler != nullptr ? std::string{one->handler->name} : std::string{};
  stats.waits_for = one->waits_for != nullptr ? one->waits_for->text() : moment.text_of_call(*this);
  stats.awaited.number = one->waits_for != nullptr ? one->waits_for->number() : 0;
  stats.mailbox = one->mailbox;
  stats.capacity = capacity();
  stats.oldest = one->oldest;
  stats.handling = one->handling;
  stats.handled = one->handled;
  stats.dropped = dropped_.load(std::memory_order_relaxed);
  if (Extras* const its = extras(); its != nullptr) {
    const std::lock_guard lock{its->lock};
    stats.name = its->name;
    stats.restarts = its->restarts;
  }
  return stats;
}

namespace {

// Rows of actors, at most so many: those that do something first.
class Rows final {
 public:
  explicit Rows(std::size_t most) : most_(most) {}

  void add(const Cell& cell, Doing doing, const Moment& moment) {
    auto& rows = doing == Doing::idle ? idle_ : busy_;
    if (rows.size() < most_) {
      if (auto row = cell.stats(moment)) {
        rows.push_back(*std::move(row));
      }
    }
  }
  std::vector<ActorStats> take() {
    const std::size_t room = std::min(most_ - busy_.size(), idle_.size());
    std::move(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(room),
              std::back_inserter(busy_));
    std::ranges::sort(busy_, std::less<>{}, [](const ActorStats& row) {
      return static_cast<std::uint32_t>(row.id.number);  // its place, as the table has them
    });
    return std::move(busy_);
  }

 private:
  const std::size_t most_;
  std::vector<ActorStats> busy_;
  std::vector<ActorStats> idle_;
};

}  // namespace

std::string System::open_metrics() const {
  return actor::open_metrics(stats(0));
}

Stats System::stats(std::size_t most_actors) const {
  Stats stats;
  fiber::Scheduler* const scheduler = known_scheduler();
  const Moment moment{runtime_.clock().now(), scheduler, blocking_calls_->all()};
  std::map<std::string_view, std::uint64_t> handled;
  // Those that have ended first: who ends meanwhile is missed for once, not counted twice.
  handled_before_.for_each([&](const ActorType* type, std::uint64_t count) {
    handled[type != nullptr ? type->name : std::string_view{}] += count;
  });
  SumsByType sums;
  Rows rows{most_actors};
  cells_->for_each([&](const Cell& cell) {
    if (const auto one = cell.figures(moment)) {
      sums[one->type->name].add(*one);
      rows.add(cell, one->doing, moment);
    }
  });
  stats.actors = rows.take();
  write_gauges(sums, stats);
  write_scheduler(scheduler, stats);
  stats.gauges["troupe_actors"] = static_cast<double>(living());

  for (const auto& [type, its] : sums) {
    handled[type] += its.handled;
  }
  {
    // For all that was missed, no count goes back.
    const std::lock_guard lock{told_mutex_};
    for (const auto& [type, count] : handled) {
      std::uint64_t& told = told_[type];
      told = std::max(told, count);
    }
    for (const auto& [type, count] : told_) {
      stats.counters["troupe_messages_handled_total{type=\"" + label_value(type) + "\"}"] = count;
    }
  }
  for (std::size_t i = 0; i < kCauses.size(); ++i) {
    stats.counters["troupe_messages_dropped_total{cause=\"" + std::string{kCauses.at(i)} + "\"}"] =
        dropped_.at(i).load(std::memory_order_relaxed);
  }
  stats.counters["troupe_actors_spawned_total"] = spawned_.sum();
  stats.counters["troupe_actors_failed_total"] = failed_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace troupe::actor
