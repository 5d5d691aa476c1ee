// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/watching.hpp"

#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::actor {
namespace {

// The end of `target`, to who monitored or linked it.
class DownNotice final : public Control {
 public:
  DownNotice(const Target& target, bool linked) : target_(target), linked_(linked) {}

  void fill(Down down) { down_ = std::move(down); }

  void arrive(Cell& cell, Context& context) override {
    Extras& its = cell.need_extras();
    if (std::erase(linked_ ? its.linked : its.monitored, target_) == 0) {
      return;  // it was demonitored meanwhile
    }
    const bool is_failure = !down_.reason.ok();
    if (cell.type()->reads) {
      Envelope& letter = write<Letter<Down>>(kDownLetter, std::move(down_));
      letter.target = cell.number();
      letter.sent = ticks_of(cell.system().coarse_now());
      cell.charge(letter);
      cell.push_anyway(letter);
    } else if (cell.type()->down != nullptr) {
      cell.type()->down(cell.object(), context, std::move(down_));
    } else if (!linked_) {
      cell.system().runtime().log().write(cell.text() + " monitored: " + down_.reason.text());
    } else if (is_failure) {
      cell.request_stop({.kind = Exit::Kind::failed, .what = "linked: " + down_.reason.text()});
    }
  }
  void miss(Cell& /*cell*/) override {}

 private:
  const Target target_;
  const bool linked_;
  Down down_;
};

// How the actor had ended, as far as its place still knows.
Down past_end_of(const Target& target) {
  if (Extras* const its = target.cell->extras(); its != nullptr) {
    const std::lock_guard lock{its->lock};
    if (its->last_number == target.number) {
      return {id_of(target), its->last_name, its->last_exit};
    }
  }
  return {
      id_of(target),
      {},
      {.kind = Exit::Kind::unreachable, .what = "it had ended before; how is not known any more"}};
}

// From who watches to whom it watches.
class WatchRequest final : public Control {
 public:
  WatchRequest(const Target& target, const Target& watcher, bool linked)
      : target_(target),
        watcher_(watcher),
        linked_(linked),
        notice_(std::make_unique<DownNotice>(target, linked)) {}

  void arrive(Cell& cell, Context& /*context*/) override {
    Extras& its = cell.need_extras();
    if (linked_ && std::ranges::find(its.linked, watcher_) == its.linked.end()) {
      its.linked.push_back(watcher_);
    }
    // Those that have ended are let go of each time the list would grow.
    if (its.watchers.size() == its.watchers.capacity()) {
      std::erase_if(its.watchers, [](const Watcher& each) {
        return !each.watcher.cell->is(each.watcher.number);
      });
      its.watchers.reserve(std::max<std::size_t>(4, its.watchers.size() * 2));
    }
    its.watchers.push_back({watcher_, linked_, std::move(notice_)});
  }
  void miss(Cell& /*cell*/) override {
    notice_->fill(past_end_of(target_));
    watcher_.cell->push(*notice_.release(), watcher_.number);
  }

 private:
  const Target target_;
  const Target watcher_;
  const bool linked_;
  std::unique_ptr<DownNotice> notice_;
};

class UnwatchRequest final : public Control {
 public:
  explicit UnwatchRequest(const Target& watcher) : watcher_(watcher) {}

  void arrive(Cell& cell, Context& /*context*/) override {
    std::erase_if(cell.need_extras().watchers, [this](const Watcher& watcher) {
      return watcher.watcher == watcher_ && !watcher.linked;
    });
  }
  void miss(Cell& /*cell*/) override {}

 private:
  const Target watcher_;
};

class StopRequest final : public Control {
 public:
  StopRequest(Exit reason, Deadline end_by) : reason_(std::move(reason)), end_by_(end_by) {}

  void arrive(Cell& cell, Context& context) override {
    if (const auto pass_on = cell.type()->told_to_stop;
        pass_on != nullptr && !cell.system().stopping()) {
      pass_on(cell.object(), context, reason_);
      return;
    }
    if (!end_by_.is_never()) {
      Extras& its = cell.need_extras();
      its.end_by = std::min(its.end_by, end_by_.when());
    }
    cell.request_stop(std::move(reason_));
  }
  void miss(Cell& /*cell*/) override {}
  bool is_stop() const noexcept override { return true; }

 private:
  Exit reason_;
  const Deadline end_by_;
};

void watch(Cell& watcher, const Target& target, bool linked) {
  if (target.cell == nullptr) {
    throw Error{Code::closed,
                linked ? "link: the handle is empty" : "monitor: the handle is empty"};
  }
  Extras& its = watcher.need_extras();
  auto& list = linked ? its.linked : its.monitored;
  if (std::ranges::find(list, target) != list.end()) {
    return;
  }
  list.push_back(target);
  target.cell->push(*new WatchRequest(target, {&watcher, watcher.number()}, linked), target.number);
}

}  // namespace

void monitor(Cell& watcher, const Target& target) {
  watch(watcher, target, false);
}

void link(Cell& watcher, const Target& target) {
  watch(watcher, target, true);
}

void demonitor(Cell& watcher, const Target& target) {
  if (target.cell != nullptr && std::erase(watcher.need_extras().monitored, target) > 0) {
    target.cell->push(*new UnwatchRequest({&watcher, watcher.number()}), target.number);
  }
}

void adopt(Cell& parent, const Target& child) {
  auto& children = parent.need_extras().children;
  // Those that have ended are let go of each time the list would grow.
  if (children.size() == children.capacity()) {
    std::erase_if(children, [](const Target& each) { return !each.cell->is(each.number); });
    children.reserve(std::max<std::size_t>(4, children.size() * 2));
  }
  children.push_back(child);
}

Control* stop_request(Exit reason) {
  return new StopRequest(std::move(reason), forever);
}

void tell_to_stop(const Target& target, Exit reason, Deadline end_by) {
  if (target.cell == nullptr || !target.cell->is(target.number)) {
    return;
  }
  // In this order: who takes the token meanwhile sees the request, or we see the token.
  target.cell->push(*new StopRequest(std::move(reason), end_by), target.number);
  target.cell->request_stop_of_token(target.number);
}

void tell_of_end(Cell& cell, std::uint64_t number, const Exit& reason) {
  Extras& its = cell.need_extras();
  const std::string& name = its.last_name;
  const Target self{&cell, number};
  for (Watcher& each : its.watchers) {
    static_cast<DownNotice&>(*each.notice).fill({id_of(self), name, reason});
    each.watcher.cell->push(*each.notice.release(), each.watcher.number);
  }
  // A link that was made from the other side: this one has no notice of its own there.
  for (const Target& other : its.linked) {
    const bool told = std::ranges::any_of(
        its.watchers, [&](const Watcher& each) { return each.watcher == other && each.linked; });
    if (!told) {
      auto notice = std::make_unique<DownNotice>(self, true);
      notice->fill({id_of(self), name, reason});
      other.cell->push(*notice.release(), other.number);
    }
  }
  for (const Target& child : its.children) {
    tell_to_stop(child, {}, Deadline{its.end_by});
  }
}

}  // namespace troupe::actor
