// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/system.hpp"

#include "troupe/runtime/actor/internal/blocking_calls.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/internal/directory.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

namespace troupe::actor {
namespace {

constexpr std::uint64_t kIndexBits = 32;

}  // namespace

System::System(RuntimeCore& runtime, Duration ask_timeout)
    : runtime_(runtime),
      ask_timeout_(ask_timeout),
      cells_(std::make_unique<CellTable>(*this)),
      directory_(std::make_unique<Directory>(*this)),
      blocking_calls_(std::make_shared<BlockingCalls>()) {}

System::~System() = default;

fiber::Scheduler& System::scheduler() {
  fiber::Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
  if (scheduler == nullptr) [[unlikely]] {
    scheduler = &runtime_.scheduler();
    scheduler->set_reports(this);
    scheduler_.store(scheduler, std::memory_order_release);
  }
  return *scheduler;
}

Deadline System::ask_deadline() {
  // A time that is a little old would be much of a short time to wait.
  const bool is_short = ask_timeout_ < std::chrono::seconds{1};
  return Deadline{(is_short ? runtime_.clock().now() : scheduler().recent_now()) + ask_timeout_};
}

// ---- places ------------------------------------------------------------------------------------

Cell& System::take_cell() {
  return cells_->take();
}

void System::vacate(Cell& cell) noexcept {
  cells_->give_back(cell);
}

std::uint64_t System::number_for(Cell& cell) noexcept {
  return std::uint64_t{cell.next_generation()} << kIndexBits | CellTable::index_of(cell);
}

Cell* System::find(std::uint64_t number) const noexcept {
  Cell* const cell = cells_->at(static_cast<std::uint32_t>(number));
  return cell != nullptr && cell->is(number) ? cell : nullptr;
}

Cell* System::place_of(std::uint64_t number) const noexcept {
  return cells_->at(static_cast<std::uint32_t>(number));
}

void System::begun() noexcept {
  spawned_.add(1);
}

void System::ended(const ActorType& type, std::uint64_t number, std::uint64_t handled,
                   const Exit& reason) {
  if (courier_ != nullptr) [[unlikely]] {
    courier_->ended(number, reason);
  }
  handled_before_.add(type, handled);
  if (!reason.ok()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
  ended_.add(1);
  if (stopping() && living() == 0) {
    const std::lock_guard lock{end_mutex_};
    all_ended_.notify_all();
  }
}

// ---- simulation --------------------------------------------------------------------------------

void System::arrive(const Target& target, Envelope& envelope) {
  Cell& cell = *target.cell;
  if (!cell.is(target.number)) {
    Extras* const its = cell.extras();
    const bool is_known = its != nullptr && its->last_number == target.number;
    cell.drop(envelope, is_known ? &its->last_exit : nullptr);
  } else if (cell.when_full() != WhenFull::drop_oldest) {
    cell.push_anyway(envelope);  // there is room: the courier has kept it free
  } else if (!cell.try_in(envelope)) {
    (void)cell.push_dropping(envelope);
  }
}

void System::lose(const Target& target, Envelope& envelope, Error why) {
  Cell& cell = *target.cell;
  if (cell.is(target.number) && cell.when_full() != WhenFull::drop_oldest) {
    cell.unreserve(envelope);
  }
  AnswerBase* const answer =
      envelope.operations->answer != nullptr ? envelope.operations->answer(envelope) : nullptr;
  if (answer == nullptr) {
    discard(envelope);
    return;
  }
  envelope.operations->destroy(envelope);
  answer->fail(std::move(why));
}

void System::kill(const Target& target, const Exit& reason) {
  if (!target.cell->is(target.number)) {
    return;
  }
  // In the middle of a handler it is ending from now on, so that this is what it ends of.
  if (scheduler().cancel_waits_of(*target.cell)) {
    target.cell->request_stop(reason);
  }
  tell_to_stop(target, reason);
}

void System::kill_all(const Exit& reason) {
  cells_->for_each([&](Cell& cell) {
    if (const std::uint64_t number = cell.number(); number != 0) {
      kill({&cell, number}, reason);
    }
  });
}

// ---- ends --------------------------------------------------------------------------------------

bool System::drain(Deadline until) {
  fiber::Scheduler* const scheduler = scheduler_.load();
  return scheduler == nullptr || scheduler->wait_until_quiet(until);
}

void System::end_by(Deadline until) noexcept {
  Instant before = end_by_.load(std::memory_order_relaxed);
  while (until.when() < before &&
         !end_by_.compare_exchange_weak(before, until.when(), std::memory_order_relaxed)) {
  }
}

std::vector<StopReport::Holder> System::stop(Deadline until) {
  stopping_.store(true);
  const Instant begin = runtime_.clock().now();
  if (living() > 0) {
    cells_->for_each([](Cell& cell) {
      if (const std::uint64_t number = cell.number(); number != 0) {
        tell_to_stop({&cell, number});
      }
    });
    fiber::Scheduler& its = scheduler();
    if (!its.options().own_threads) {
      (void)its.wait_until_quiet(until);
    } else {
      std::unique_lock lock{end_mutex_};
      while (living() > 0 && !until.passed()) {
        all_ended_.wait_for(lock, std::min<Duration>(until.left(), std::chrono::hours{1}));
      }
    }
  }
  if (living() == 0) {
    blocking_calls_->wait_for_none(until);  // of other runtimes' actors
  }
  return holders(runtime_.clock().now() - begin);
}

// Actors that live, and calls that go on. An actor that is in a call is there as long as the call.
std::vector<StopReport::Holder> System::holders(Duration told) const {
  std::vector<StopReport::Holder> found;
  const auto calls = blocking_calls_->all();
  if (living() == 0 && calls.empty()) {
    return found;
  }
  const Moment moment{runtime_.clock().now(), known_scheduler(), calls};
  cells_->for_each([&](Cell& cell) {
    const auto actor = cell.stats(moment);
    if (!actor || !cell.is_actor()) {
      return;
    }
    const std::string name = actor->name.empty() ? actor->id.text() : "\"" + actor->name + "\"";
    found.push_back({.who = actor->type + " " + name,
                     .doing = actor->handler.empty() ? actor->state : "handling " + actor->handler,
                     .waiting_for = actor->waits_for,
                     .for_how_long = told,
                     .killed = false});
  });
  for (const BlockingCalls::Call& call : calls) {
    if (&call.cell->system() != this) {
      found.push_back({.who = call.cell->text() + " of another runtime",
                       .doing = {},
                       .waiting_for = moment.text_of_call(*call.cell),
                       .for_how_long = told,
                       .killed = false});
    }
  }
  return found;
}

void System::log_refusal(Cell& cell, std::string_view what) {
  if (!cell.first_refusal()) {
    return;
  }
  runtime_.log().write(cell.text() + " did not take a message: " + std::string{what} +
                       " (said once; runtime.stats() counts)");
}

// ---- TaskReports -------------------------------------------------------------------------------

bool System::running_long(const fiber::Task& task, Duration since, std::size_t behind) {
  const auto& cell = static_cast<const Cell&>(task);
  const Extras* const its = cell.extras();
  const Duration chosen{its != nullptr ? its->handler_limit.load(std::memory_order_relaxed) : 0};
  const Duration limit = chosen > Duration::zero() ? chosen : ActorOptions{}.handler_limit;
  if (since < limit) {
    return false;
  }
  const MessageType* const message = cell.handling();
  std::string line = cell.text() + " has computed for " +
                     std::to_string(since / std::chrono::milliseconds{1}) + " ms in handle(" +
                     std::string{message != nullptr ? message->name : "?"} + ") without a pause";
  if (behind > 0) {
    line += "; " + std::to_string(behind) + " actors had to find another worker";
  }
  runtime_.log().write(line + "; use context.blocking for system calls, or Placement::thread");
  return true;
}

Instant System::deadline(const fiber::Task& task) const noexcept {
  return static_cast<const Cell&>(task).deadline();
}

std::size_t System::describe(const fiber::Task& task, char* text, std::size_t size) noexcept {
  const auto& cell = static_cast<const Cell&>(task);
  const ActorType* const type = cell.type();
  const MessageType* const message = cell.handling();
  std::size_t used = 0;
  const auto add = [&](std::string_view part) {
    const std::size_t count = std::min(part.size(), size - used);
    std::memcpy(text + used, part.data(), count);
    used += count;
  };
  add("actor ");
  add(type != nullptr ? type->name : std::string_view{"?"});
  if (Extras* const its = cell.extras(); its != nullptr && its->lock.try_lock()) {
    if (!its->name.empty()) {
      add(" \"");
      add(its->name);
      add("\"");
    }
    its->lock.unlock();
  }
  if (message != nullptr) {
    add(" in handle(");
    add(message->name);
    add(")");
  }
  return used;
}

}  // namespace troupe::actor
