// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/roster.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::actor {
namespace {

// What an actor does that does not end.
StopReport::Holder holder_of(System& system, const std::string& who, const Target& target,
                             Duration time) {
  StopReport::Holder holder{
      .who = who, .doing = {}, .waiting_for = {}, .for_how_long = time, .killed = false};
  if (target.cell != nullptr && target.cell->is(target.number)) {
    if (const auto stats = target.cell->stats(
            {system.runtime().clock().now(), nullptr, system.blocking_calls()->all()})) {
      holder.doing = stats->handler.empty() ? stats->state : "handling " + stats->handler;
      holder.waiting_for = stats->waits_for;
    }
  }
  return holder;
}

}  // namespace

Roster::Roster(System& system, SupervisorOptions options, bool is_root)
    : system_(system), options_(std::move(options)), is_root_(is_root) {}

std::string Roster::text() const {
  return options_.name.empty() ? "supervisor" : "supervisor \"" + options_.name + "\"";
}

// ---- outside -----------------------------------------------------------------------------------

std::shared_ptr<Seat> Roster::seat(std::string_view name) {
  const std::lock_guard lock{mutex_};
  auto found = seats_.find(name);
  if (found == seats_.end()) {
    auto made = std::make_shared<Seat>(system_, "child \"" + std::string{name} + "\" of " + text());
    if (end_) {
      made->close();
    }
    found = seats_.emplace(std::string{name}, std::move(made)).first;
  }
  return found->second;
}

std::vector<ChildState> Roster::children() const {
  std::vector<ChildState> states;
  const std::lock_guard lock{mutex_};
  for (const Child& child : children_) {
    states.push_back(child.state);
  }
  return states;
}

bool Roster::all_ended() const noexcept {
  return !children_.empty() && std::ranges::all_of(children_, &Child::for_good);
}

Result<Exit> Roster::wait(Deadline until, bool only_end) {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (end_) {
      return *end_;
    }
    if (!only_end && all_ended()) {
      return Exit{.kind = Exit::Kind::normal, .who = text()};
    }
    const auto outcome = change_.wait(system_.runtime(), lock, until);
    if (outcome != fiber::Waiter::Outcome::fired && !end_) {
      lock.unlock();
      return error_of(outcome, "wait for " + text());
    }
  }
}

std::optional<Exit> Roster::end_of(std::string_view name) const {
  std::optional<Exit> end;
  for (const Child& child : children_) {
    const std::string_view its = child.spec->name;
    if (its != name && !(its.starts_with(name) && its.substr(name.size()).starts_with("-"))) {
      continue;
    }
    if (!child.for_good) {
      return std::nullopt;
    }
    if (!end || (end->ok() && child.state.last && !child.state.last->ok())) {
      end = child.state.last.value_or(Exit{});
    }
  }
  return end;
}

Result<Exit> Roster::wait_for(std::string_view name, Deadline until) {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (auto end = end_of(name)) {
      return *std::move(end);
    }
    if (end_) {
      return Exit{.kind = Exit::Kind::failed,
                  .what = "its supervisor has ended before it: " + end_->text(),
                  .who = std::string{name}};
    }
    const auto outcome = change_.wait(system_.runtime(), lock, until);
    if (outcome != fiber::Waiter::Outcome::fired && !end_) {
      return error_of(outcome, "wait for the children of " + text());
    }
  }
}

std::vector<StopReport::Holder> Roster::holders(bool running_too) const {
  std::vector<StopReport::Holder> found;
  std::vector<Child> children;
  {
    const std::lock_guard lock{mutex_};
    found = holders_;
    children = children_;
  }
  for (const Child& child : children) {
    if (child.spec->branch != nullptr) {
      std::ranges::move(child.spec->branch->holders(running_too), std::back_inserter(found));
    } else if (running_too && child.state.running) {
      found.push_back(holder_of(system_, "child \"" + child.spec->name + "\" of " + text(),
                                child.target, Duration::zero()));
    }
  }
  return found;
}

// ---- the supervisor ----------------------------------------------------------------------------

std::uint64_t Roster::begin(std::vector<std::shared_ptr<const ChildSpec>>& children) {
  const std::lock_guard lock{mutex_};
  for (const Child& child : children_) {
    if (!child.for_good) {
      children.push_back(child.spec);
    }
  }
  return ++incarnation_;
}

bool Roster::is_current(std::uint64_t incarnation) const {
  const std::lock_guard lock{mutex_};
  return incarnation == incarnation_ && !end_;
}

Roster::Child* Roster::find(std::uint64_t incarnation, const ChildSpec& spec) noexcept {
  const auto found =
      std::ranges::find_if(children_, [&](const Child& each) { return each.spec.get() == &spec; });
  return incarnation == incarnation_ && found != children_.end() ? &*found : nullptr;
}

Result<void> Roster::add(std::uint64_t incarnation, const std::shared_ptr<const ChildSpec>& child) {
  std::shared_ptr<const ChildSpec> before;  // has the user's arguments: goes without the lock
  const std::lock_guard lock{mutex_};
  if (incarnation != incarnation_ || end_) {
    return Error{Code::closed, "add a child to " + text() + ": it has ended"};
  }
  const auto found = std::ranges::find_if(
      children_, [&](const Child& each) { return each.spec->name == child->name; });
  if (found != children_.end()) {
    if (!found->for_good) {
      return Error{Code::exists,
                   "add a child to " + text() + ": it has one named \"" + child->name + "\""};
    }
    before = std::move(found->spec);
    children_.erase(found);
  }
  child->seat->reopen();
  children_.push_back({child, {.name = child->name}, {}, false});
  return {};
}

void Roster::started(std::uint64_t incarnation, const ChildSpec& child, const Target& target,
                     int restarts) {
  const std::lock_guard lock{mutex_};
  if (Child* const its = find(incarnation, child); its != nullptr) {
    its->state.running = true;
    its->state.restarts = restarts;
    its->target = target;
  }
}

void Roster::remove(std::uint64_t incarnation, const ChildSpec& child) {
  const std::lock_guard lock{mutex_};
  if (find(incarnation, child) != nullptr) {
    std::erase_if(children_, [&](const Child& each) { return each.spec.get() == &child; });
    change_.announce();
  }
}

void Roster::ended(std::uint64_t incarnation, const ChildSpec& child, const Exit& reason,
                   bool for_good) {
  const std::lock_guard lock{mutex_};
  if (Child* const its = find(incarnation, child); its != nullptr) {
    its->state.running = false;
    its->state.last = reason;
    its->for_good = for_good;
    change_.announce();
  }
}

void Roster::abandoned(std::uint64_t incarnation, const ChildSpec& child, Duration grace,
                       bool for_good) {
  const std::lock_guard lock{mutex_};
  if (Child* const its = find(incarnation, child); its != nullptr) {
    holders_.push_back(
        holder_of(system_, "child \"" + child.name + "\" of " + text(), its->target, grace));
    its->state.running = false;
    its->for_good = for_good;
    change_.announce();
  }
}

void Roster::close_seats(const ChildSpec& spec, const Exit& reason) {
  spec.seat->close();
  if (spec.branch != nullptr) {
    spec.branch->close(reason);
  }
}

void Roster::close(const Exit& reason) {
  std::vector<Child> children;
  {
    const std::lock_guard lock{mutex_};
    if (end_) {
      return;
    }
    end_ = reason;
    children = children_;
    for (const auto& [name, seat] : seats_) {
      seat->close();
    }
    change_.announce();
  }
  for (const Child& child : children) {
    close_seats(*child.spec, reason);
  }
}

}  // namespace troupe::actor
