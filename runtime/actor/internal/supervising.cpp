// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/supervising.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actor {
namespace {

std::string text_of(Duration time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                  : std::to_string(milliseconds) + " ms";
}

}  // namespace

void Supervising::log(const std::string& line) const {
  roster_->system().runtime().log().write(LogLevel::warning, line, roster_->text());
}

// ---- its own life ------------------------------------------------------------------------------

void Supervising::started(Context& context) {
  std::vector<std::shared_ptr<const ChildSpec>> specs;
  incarnation_ = roster_->begin(specs);
  for (auto& spec : specs) {
    children_.push_back({.spec = std::move(spec)});
  }
  start_from(0, context);
}

void Supervising::stopped(Context& /*context*/, const Exit& reason) {
  if (roster_->is_root()) {
    roster_->close(reason);
  }
}

// ---- ends --------------------------------------------------------------------------------------

bool Supervising::returns(const Child& child, const Exit& reason) const {
  const Restart restart = child.spec->options.restart;
  return !roster_->system().stopping() &&
         (restart == Restart::permanent || (restart == Restart::transient && !reason.ok()));
}

// Of one that has been stopped here.
bool Supervising::ends_for_good(const Child& child) const {
  return child.spec->options.restart == Restart::temporary || (mode_ == Mode::closing && for_good_);
}

void Supervising::end_for_good(Child& child) {
  child.phase = Phase::ended;
  child.spec->seat->close();
}

void Supervising::handle(Down down, Context& context) {
  const auto found = std::ranges::find_if(children_, [&](const Child& each) {
    return each.target.number == down.target.number &&
           (each.phase == Phase::starting || each.phase == Phase::running ||
            each.phase == Phase::stopping);
  });
  if (found == children_.end()) {
    return;
  }
  Child& child = *found;
  const bool told = child.phase == Phase::stopping;
  if (child.phase == Phase::starting) {
    context.cell().wait_no_more();
  }
  const bool ends = ends_for_good(child) || (!told && !returns(child, down.reason));
  child.phase = Phase::waiting;
  child.turn = 0;
  child.timer.cancel();
  if (ends) {
    end_for_good(child);
  }
  roster_->ended(incarnation_, *child.spec, down.reason, ends);
  if (!ends && !told && mode_ != Mode::closing) {
    restart(static_cast<std::size_t>(found - children_.begin()), down.reason, context);
  }
  go_on(context);
  start_due(context);
}

// A child has ended that is to be started again.
void Supervising::restart(std::size_t which, const Exit& reason, Context& context) {
  const SupervisorOptions& options = roster_->options();
  Child& child = children_[which];
  const Instant now = context.now();
  if (is_too_often(now)) {
    failure_ = "it gave up: its children had to be restarted more than " +
               std::to_string(options.restarts) + " times in " + text_of(options.within) +
               "; at last: " + reason.text();
    log(failure_);
    close(roster_->is_root(), forever);
    return;
  }
  const Duration backoff = next_backoff(child, now);
  log(reason.text() + "; restarted in " + text_of(backoff));
  if (options.strategy == Strategy::one_for_one) {
    child.turn = ++turn_;
    child.timer = context.after(*this, backoff, StartAgain{child.turn});
    return;
  }
  const std::size_t first = options.strategy == Strategy::one_for_all ? 0 : which;
  first_ = mode_ == Mode::regrouping ? std::min(first_, first) : first;
  backoff_ = backoff;
  group_turn_ = 0;
  mode_ = Mode::regrouping;
  for (std::size_t i = first_; i < children_.size(); ++i) {
    if (children_[i].phase == Phase::due) {
      children_[i].phase = Phase::waiting;  // with the others
    }
  }
}

bool Supervising::is_too_often(Instant now) {
  const SupervisorOptions& options = roster_->options();
  while (!restarts_.empty() && now - restarts_.front() >= options.within) {
    restarts_.pop_front();
  }
  restarts_.push_back(now);
  return restarts_.size() > static_cast<std::size_t>(std::max(options.restarts, 0));
}

Duration Supervising::next_backoff(Child& child, Instant now) const {
  const SupervisorOptions& options = roster_->options();
  child.failures = now - child.since >= options.within ? 1 : child.failures + 1;
  Duration backoff = options.backoff_first;
  for (int i = 1; i < child.failures && backoff < options.backoff_most; ++i) {
    backoff *= 2;
  }
  return std::min(backoff, options.backoff_most);
}

// ---- stopping ----------------------------------------------------------------------------------

void Supervising::stop(Child& child, Context& context) {
  if (child.phase == Phase::starting) {
    context.cell().wait_no_more();
  }
  child.phase = Phase::stopping;
  child.grace = std::min(child.spec->options.grace, until_.left());
  child.turn = ++turn_;
  const bool for_good = ends_for_good(child);
  child.spec->seat->set_succession(for_good ? Succession::never : Succession::always);
  // The rest of its grace is for its own end; of a process, for being killed.
  const Deadline end_by{child.grace - child.grace / 8};
  if (child.spec->branch != nullptr) {
    (void)Ref<Supervising>{child.target}.send(ShutDown{for_good, end_by}, Deadline::at_once());
  } else {
    tell_to_stop(child.target, {}, end_by);
  }
  child.timer = context.after(*this, child.grace, GraceOver{child.turn});
}

void Supervising::handle(GraceOver request, Context& context) {
  const auto found = std::ranges::find_if(children_, [&](const Child& each) {
    return each.phase == Phase::stopping && each.turn == request.turn;
  });
  if (found == children_.end()) {
    return;
  }
  Child& child = *found;
  const bool ends = ends_for_good(child);
  log("child \"" + child.spec->name + "\" did not end within " + text_of(child.grace) +
      (ends ? "; it is left alone" : "; its successor starts beside it"));
  roster_->abandoned(incarnation_, *child.spec, child.grace, ends);
  demonitor(context.cell(), child.target);
  tell_to_stop(child.target);
  child.phase = Phase::waiting;
  child.turn = 0;
  if (ends) {
    end_for_good(child);
  }
  go_on(context);
}

void Supervising::handle(ShutDown request, Context& context) {
  if (mode_ == Mode::closing) {
    until_ = earlier(until_, request.until);
    for_good_ = for_good_ || request.for_good;
    return;
  }
  close(request.for_good, request.until);
  go_on(context);
}

void Supervising::close(bool for_good, Deadline until) {
  mode_ = Mode::closing;
  for_good_ = for_good;
  until_ = until;
  first_ = 0;
  for (Child& child : children_) {
    if (child.phase == Phase::waiting || child.phase == Phase::due) {
      child.phase = Phase::waiting;
      child.turn = 0;
      child.timer.cancel();
      if (ends_for_good(child)) {
        end_for_good(child);
      }
    }
  }
}

// One after the other, the last one first; then what they were stopped for.
void Supervising::go_on(Context& context) {
  if (mode_ == Mode::each_alone) {
    return;
  }
  for (std::size_t i = children_.size(); i > first_; --i) {
    Child& child = children_[i - 1];
    if (child.phase == Phase::running || child.phase == Phase::starting) {
      stop(child, context);
      return;
    }
    if (child.phase == Phase::stopping) {
      return;
    }
  }
  if (mode_ == Mode::closing) {
    if (failure_.empty()) {
      context.stop();
    } else {
      context.fail(failure_);
    }
  } else if (group_turn_ == 0) {
    group_turn_ = ++turn_;
    context.after(*this, backoff_, StartAgain{group_turn_});
  }
}

// ---- restarting --------------------------------------------------------------------------------

void Supervising::handle(StartAgain request, Context& context) {
  if (mode_ == Mode::closing || !roster_->is_current(incarnation_)) {
    return;
  }
  if (mode_ == Mode::regrouping) {
    if (request.turn == group_turn_) {
      mode_ = Mode::each_alone;
      group_turn_ = 0;
      for (std::size_t i = first_; i < children_.size(); ++i) {
        children_[i].restarts += children_[i].phase == Phase::waiting ? 1 : 0;
      }
      start_from(first_, context);
    }
    return;
  }
  const auto found = std::ranges::find_if(children_, [&](const Child& each) {
    return each.phase == Phase::waiting && each.turn == request.turn;
  });
  if (found != children_.end()) {
    ++found->restarts;
    found->phase = Phase::due;
    start_due(context);
  }
}

}  // namespace troupe::actor
