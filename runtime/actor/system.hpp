// SPDX-License-Identifier: Apache-2.0
#pragma once

// System: the actors of a runtime: their places, their counters, their ends. Thread-safe. Reached
// by RuntimeCore::actors(); for the library and for simulations.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/sharded_count.hpp"
#include "troupe/runtime/actor/stats.hpp"
#include "troupe/runtime/actor/type_counts.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/stop_report.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {
class RuntimeCore;
}

namespace troupe::actor {

class BlockingCalls;
class Cell;
class CellTable;
class Directory;
class FarGroups;

// Why a message was dropped; each is counted.
enum class Dropped : std::uint8_t {
  ended,         // its actor had ended, or ended before its turn came
  refused,       // the mailbox was full: it stayed with its sender
  newest,        // the mailbox was full
  oldest,        // the mailbox was full of newer ones
  expired,       // its ask was given up, or its deadline had passed
  unhandled,     // the actor has no handler for it
  lost_on_link,  // it was with a process actor, or on its way there, when that ended
  kCount,        // NOLINT(readability-identifier-naming): a constant, and no cause
};

// What carries messages between actors, where that takes time, and is told what becomes of actors:
// a simulation's. Called on the thread that drives the runtime.
class Courier {
 public:
  Courier() = default;
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  virtual ~Courier() = default;

  // Takes the envelope, and some time gives it to System::arrive, or to System::lose. False: as
  // many as `room` are on their way to that mailbox already; it stays the caller's. `sender` is 0
  // where it is no actor.
  virtual bool carry(std::uint64_t sender, const Target& target, Envelope& envelope,
                     std::size_t room) = 0;

  // An actor that people call `text`.
  virtual void spawned(std::uint64_t number, std::string text) = 0;
  // Its handler is about to run.
  virtual void handles(std::uint64_t number, const MessageType& message) = 0;
  virtual void ended(std::uint64_t number, const Exit& reason) = 0;
};

class System final : public fiber::TaskReports {
 public:
  System(RuntimeCore& runtime, Duration ask_timeout);
  ~System() override;

  RuntimeCore& runtime() noexcept { return runtime_; }
  fiber::Scheduler& scheduler();
  fiber::Scheduler* known_scheduler() const noexcept {
    return scheduler_.load(std::memory_order_acquire);
  }
  Instant coarse_now() { return scheduler().coarse_now(); }
  Deadline ask_deadline();

  // ---- places ----
  Cell& take_cell();
  void vacate(Cell& cell) noexcept;
  void begun() noexcept;
  std::uint64_t number_for(Cell& cell) noexcept;
  // The place with that number's index; null: there is none.
  Cell* find(std::uint64_t number) const noexcept;
  // The same when that has ended; null: there has never been one.
  Cell* place_of(std::uint64_t number) const noexcept;
  std::size_t living() const noexcept {
    const std::uint64_t ended = ended_.sum();
    return static_cast<std::size_t>(spawned_.sum() - ended);
  }

  // Names and groups.
  Directory& directory() noexcept { return *directory_; }

  // Set once, before anybody joins; null: there are no other nodes.
  void set_far_groups(std::shared_ptr<FarGroups> groups) { far_groups_ = std::move(groups); }
  FarGroups* far_groups() const noexcept { return far_groups_.get(); }

  // Who is in a blocking() call of this runtime.
  const std::shared_ptr<BlockingCalls>& blocking_calls() const noexcept { return blocking_calls_; }

  // ---- ends ----
  // Lets actors go on until nothing is to be done, tells all to stop, and returns those that did
  // not by the deadline.
  bool drain(Deadline until);
  // What is to be killed where it does not end is killed then. The earliest counts.
  void end_by(Deadline until) noexcept;
  Deadline end_by() const noexcept { return Deadline{end_by_.load(std::memory_order_relaxed)}; }
  std::vector<StopReport::Holder> stop(Deadline until);
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  // One that has handled so many messages.
  void ended(const ActorType& type, std::uint64_t number, std::uint64_t handled,
             const Exit& reason);

  // ---- seeing into it ----
  void count(Dropped why) noexcept {
    dropped_.at(static_cast<std::size_t>(why)).fetch_add(1, std::memory_order_relaxed);
  }
  // With rows of so many actors at most; those that are not idle first.
  Stats stats(std::size_t most_actors = ~std::size_t{0}) const;
  std::string open_metrics() const;
  // Says it in the log, once for each actor.
  void log_refusal(Cell& cell, std::string_view what);

  // ---- simulation ----
  // own_threads = false, and before the first actor.
  void set_courier(Courier* courier) noexcept { courier_ = courier; }
  Courier* courier() const noexcept { return courier_; }
  // What the courier carried; or that it never comes: an ask ends with the error.
  void arrive(const Target& target, Envelope& envelope);
  void lose(const Target& target, Envelope& envelope, Error why);
  // Ends an actor in the middle of what it does, as if it had crashed: what it waits for is
  // `cancelled`, and it hears of nothing else. Not on a fiber. Nothing happens when it has ended.
  void kill(const Target& target, const Exit& reason);
  void kill_all(const Exit& reason);

  // ---- TaskReports ----
  bool running_long(const fiber::Task& task, Duration since, std::size_t behind) override;
  Instant deadline(const fiber::Task& task) const noexcept override;
  std::size_t describe(const fiber::Task& task, char* text, std::size_t size) noexcept override;

 private:
  std::vector<StopReport::Holder> holders(Duration told) const;

  RuntimeCore& runtime_;
  const Duration ask_timeout_;
  std::atomic<fiber::Scheduler*> scheduler_{nullptr};
  const std::unique_ptr<CellTable> cells_;
  const std::unique_ptr<Directory> directory_;
  std::shared_ptr<FarGroups> far_groups_;
  const std::shared_ptr<BlockingCalls> blocking_calls_;
  Courier* courier_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::atomic<Instant> end_by_{Instant::max()};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Dropped::kCount)> dropped_{};
  ShardedCount spawned_;
  ShardedCount ended_;
  TypeCounts handled_before_;  // by those that have ended
  mutable std::mutex told_mutex_;
  // Messages handled, as stats() said last. Guarded by told_mutex_.
  mutable std::map<std::string_view, std::uint64_t> told_;
  std::atomic<std::uint64_t> failed_{0};
  std::mutex end_mutex_;
  std::condition_variable all_ended_;
};

}  // namespace troupe::actor
