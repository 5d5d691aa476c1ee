// SPDX-License-Identifier: Apache-2.0
#pragma once

// Talker: an actor that talks to the ledger of another process for as long as it may, through
// whatever happens to the link: sends, asks, watches, and finds it again; and a tally of how each
// ask and each monitor has ended.

#include "node/ledger.hpp"
#include "troupe/runtime/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ledger {

using troupe::Address;
using troupe::Context;
using troupe::Down;
using troupe::Exit;
using troupe::Future;
using troupe::Named;
using troupe::Ref;
using troupe::Timer;

using LedgerApi = troupe::Protocol<void(Note), std::uint64_t(Counted), std::uint64_t(Who)>;

using namespace std::chrono_literals;

// What a talker has found; others look at it meanwhile.
class Tally final {
 public:
  // `say` hears what happens; not from two threads at once.
  explicit Tally(std::function<void(const std::string& what)> say = {}) : say_(std::move(say)) {}

  void began() {
    const std::lock_guard lock{mutex_};
    ++begun_;
  }
  void ended(bool answered) {
    const std::lock_guard lock{mutex_};
    ++ended_;
    answered_ += answered ? 1U : 0U;
    if (answered && answered_ % 100 == 1) {
      tell("answered " + std::to_string(answered_));
    }
    news_.notify_all();
  }
  void watches(std::uint64_t handle) {
    const std::lock_guard lock{mutex_};
    downs_.try_emplace(handle, 0);
    tell("reached " + std::to_string(downs_.size()));
  }
  void down(std::uint64_t handle, const Exit& why) {
    const std::lock_guard lock{mutex_};
    ++downs_[handle];
    tell("down " + std::to_string(downs_.size()) + ": " + why.text());
    news_.notify_all();
  }

  // Until something is answered that was not yet.
  void await_answer() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [this, before = answered_] { return answered_ > before; });
  }
  // Until all that was asked has an end, and who is watched has one.
  void await_ends() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [this] {
      return begun_ == ended_ &&
             std::ranges::all_of(downs_, [](const auto& each) { return each.second > 0; });
    });
  }
  // What is, once nothing more comes; nothing, if nothing is.
  std::string wrong() {
    const std::lock_guard lock{mutex_};
    for (const auto& [handle, downs] : downs_) {
      if (downs != 1) {
        return "a monitor was told " + std::to_string(downs) + " times";
      }
    }
    return begun_ == ended_ ? "" : std::to_string(begun_ - ended_) + " asks have no end";
  }

 private:
  void tell(const std::string& what) const {
    if (say_) {
      say_(what);
    }
  }

  const std::function<void(const std::string& what)> say_;
  std::mutex mutex_;
  std::condition_variable news_;
  // Guarded by mutex_.
  std::size_t begun_ = 0;
  std::size_t ended_ = 0;
  std::size_t answered_ = 0;
  std::map<std::uint64_t, int> downs_;
};

struct Tick {};
struct Rest {};  // nothing new is begun

// Talks to the ledger, whichever it is, and watches it.
class Talker final {
 public:
  Talker(Tally* tally, Address there) : tally_(*tally), there_(std::move(there)) {}

  void started(Context& context) { ticking_ = context.every(*this, 1ms, Tick{}); }

  void handle(Tick /*tick*/, Context& context) {
    collect();
    if (rests_ || !find(context)) {
      return;
    }
    for (auto count = context.random() % 20; count > 0; --count) {
      send(Note{life_, way_, sent_ + 1, text(context)});
    }
    if (asked_.size() < 16) {
      tally_.began();
      asked_.push_back(ledger_.ask_async(Counted{{life_, way_, ++sent_, ""}}, 1h));
    }
  }
  void handle(Rest /*rest*/) { rests_ = true; }
  void handle(const Down& down) { tally_.down(down.target.number, down.reason); }

 private:
  // A few are cut into parts.
  static std::string text(Context& context) {
    std::string text(context.random() % 200 == 0 ? 150'000 : context.random() % 30, 'x');
    return text;
  }
  void send(Note note) {
    if (ledger_.send(std::move(note))) {
      ++sent_;
    }
  }
  bool find(Context& context) {
    if (!named_) {
      const auto node = context.runtime().connect(there_, {}, 3s);
      const auto named = node ? node->find<LedgerApi>("ledger", 1s) : node.error();
      if (!named) {
        return false;
      }
      named_ = *named;
    }
    const auto now = named_.now();
    if (!now) {
      return false;
    }
    if (now->target().number == ledger_.target().number) {
      return true;
    }
    tally_.began();
    const auto who = now->ask(Who{}, 1h);
    tally_.ended(false);
    if (!who) {
      return false;
    }
    ledger_ = *now;
    life_ = *who;
    ++way_;
    sent_ = 0;
    tally_.watches(ledger_.target().number);
    context.monitor(ledger_);
    return true;
  }
  void collect() {
    std::erase_if(asked_, [this](Future<std::uint64_t>& each) {
      if (!each.ready()) {
        return false;
      }
      tally_.ended(each.get().has_value());
      return true;
    });
  }

  Tally& tally_;
  const Address there_;
  Timer ticking_;
  bool rests_ = false;
  Named<LedgerApi> named_;
  Ref<LedgerApi> ledger_;
  std::uint64_t life_ = 0;
  std::uint64_t way_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<Future<std::uint64_t>> asked_;
};

}  // namespace ledger
