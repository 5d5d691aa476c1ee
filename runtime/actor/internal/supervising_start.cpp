// SPDX-License-Identifier: Apache-2.0
// Supervising: children are started one after the other.
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/supervising.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace troupe::actor {
namespace {

Succession succession_of(Restart restart) noexcept {
  switch (restart) {
    case Restart::permanent:
      return Succession::always;
    case Restart::transient:
      return Succession::after_failure;
    case Restart::temporary:
      break;
  }
  return Succession::never;
}

class ChildStarted final : public Control {
 public:
  explicit ChildStarted(std::uint64_t number) : number_(number) {}
  void arrive(Cell& cell, Context& context) override {
    static_cast<Supervising*>(cell.object())->child_has_started(number_, context);
  }
  void miss(Cell& /*cell*/) override {}

 private:
  const std::uint64_t number_;
};

}  // namespace

std::unique_ptr<Control> child_started(std::uint64_t number) {
  return std::make_unique<ChildStarted>(number);
}

// False: its constructor threw. Its Down follows, too.
bool Supervising::start(Child& child, Context& context) {
  const ChildSpec& spec = *child.spec;
  ChildStart its;
  its.options.name = spec.name;
  its.options.mailbox = spec.options.mailbox;
  its.options.placement = spec.options.placement;
  its.grace = spec.options.grace;
  its.seat = spec.seat;
  its.restarts = child.restarts;
  spec.seat->set_succession(succession_of(spec.options.restart));
  child.since = context.now();
  const Started started = spec.start(context.cell(), its);
  child.target = started.target;
  child.phase = started.made && !started.starts ? Phase::running : Phase::starting;
  roster_->started(incarnation_, spec, started.target, child.restarts);
  return started.made;
}

void Supervising::start_from(std::size_t first, Context& context) {
  for (std::size_t i = first; i < children_.size(); ++i) {
    if (children_[i].phase == Phase::waiting) {
      children_[i].phase = Phase::due;
    }
  }
  start_due(context);
}

// One after the other: the next is made when the started() of the one before has returned.
void Supervising::start_due(Context& context) {
  while (starting() == nullptr && !roster_->system().stopping()) {
    const auto next = std::ranges::find(children_, Phase::due, &Child::phase);
    if (next == children_.end()) {
      say_started();
      context.unstash();  // children that were added meanwhile
      return;
    }
    (void)start(*next, context);
  }
}

void Supervising::tell_of_start(const Target& above, std::unique_ptr<Control> notice) {
  above_ = above;
  start_notice_ = std::move(notice);
  if (!any_to_start()) {
    say_started();
  }
}

void Supervising::say_started() noexcept {
  if (start_notice_ != nullptr) {
    above_.cell->push(*start_notice_.release(), above_.number);
  }
}

bool Supervising::any_to_start() const noexcept {
  return std::ranges::any_of(children_, [](const Child& each) {
    return each.phase == Phase::due || each.phase == Phase::starting;
  });
}

Supervising::Child* Supervising::starting() noexcept {
  const auto found = std::ranges::find(children_, Phase::starting, &Child::phase);
  return found != children_.end() ? &*found : nullptr;
}

void Supervising::child_has_started(std::uint64_t number, Context& context) {
  Child* const child = starting();
  if (child == nullptr || child->target.number != number) {
    return;  // it is being stopped, or has been left alone
  }
  child->phase = Phase::running;
  context.cell().wait_no_more();
  start_due(context);
}

Result<void> Supervising::handle(AddChild request, Context& context) {
  if (mode_ == Mode::closing || roster_->system().stopping()) {
    return Error{Code::closed, "add a child to " + roster_->text() + ": it is stopping"};
  }
  if (const Child* const other = starting(); other != nullptr) {
    // Who adds a child waits for that one then, which must not wait for who adds.
    if (std::string circle; context.cell().wait_for(*other->target.cell, &circle)) {
      return Error{Code::refused,
                   "add a child to " + roster_->text() +
                       " from the started() of another, which would never return: " + circle};
    }
    return context.stash(std::move(request));
  }
  if (auto added = roster_->add(incarnation_, request.child); !added) {
    return added;
  }
  forget_ended(request.child->name);
  children_.push_back({.spec = std::move(request.child)});
  Child& child = children_.back();
  if (start(child, context)) {
    return {};
  }
  // Nothing more is heard of it.
  demonitor(context.cell(), child.target);
  const std::shared_ptr<const ChildSpec> spec = std::move(child.spec);
  children_.pop_back();
  spec->seat->set_succession(Succession::never);
  spec->seat->vacate();
  roster_->remove(incarnation_, *spec);
  return Error{Code::failed, "add the child \"" + spec->name + "\" to " + roster_->text() +
                                 ": its constructor threw; the log says what"};
}

void Supervising::forget_ended(std::string_view name) {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (children_[i].phase == Phase::ended && children_[i].spec->name == name) {
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
      first_ -= i < first_ ? 1 : 0;
      return;
    }
  }
}

}  // namespace troupe::actor
