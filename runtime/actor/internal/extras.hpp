// SPDX-License-Identifier: Apache-2.0
#pragma once

// Extras: what most actors never need: a name, a choice for a full mailbox, who watches it, what it
// watches, children, timers. Made at the first need; kept with the cell for its next actor, so that
// who comes too late still finds memory.

#include "troupe/base/spin_lock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/actor/down.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/timer.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace troupe::actor {

class Cell;
class Control;
class Entry;

// Who wants to hear of the end of an actor.
struct Watcher {
  Target watcher;
  bool linked;
  std::unique_ptr<Control> notice;  // a DownNotice, made with the monitor
};

struct Extras {
  // A sender that waits for room.
  struct Sender {
    fiber::Waiter room;
    Cell* sender = nullptr;  // null: a thread
  };

  std::atomic<bool> used{true};  // by the actor that is here, or for it
  SpinLock lock;
  // Guarded by lock.
  std::string name;
  std::vector<Sender*> senders;
  std::optional<std::stop_source> stop;  // made when somebody asks for its token
  std::uint64_t restarts = 0;
  std::vector<std::shared_ptr<Entry>> entries;  // names, groups, its seat
  // Of the last actor here that ended.
  std::uint64_t last_number = 0;
  std::string last_name;
  Exit last_exit;
  // Thread-safe by themselves.
  std::atomic<std::int64_t> bytes{0};
  std::atomic<std::size_t> capacity_bytes{MailboxOptions{}.capacity_bytes};
  std::atomic<Duration::rep> patience{Duration{MailboxOptions{}.wait}.count()};
  std::atomic<Duration::rep> handler_limit{0};  // 0: the usual

  // The actor's own.
  Exit ending;               // why it is to end
  Control* heard = nullptr;  // the oldest of those taken out of the cell's, not yet handled
  std::vector<Watcher> watchers;
  std::vector<Target> monitored;  // links too
  std::vector<Target> linked;
  std::vector<Target> children;
  std::vector<std::weak_ptr<TimerState>> timers;
  Envelope* stashed = nullptr;  // the newest first
  std::size_t stashed_count = 0;
  std::size_t stashed_bytes = 0;

  // WhenFull::drop_oldest: guarded by lock.
  Envelope* older_first = nullptr;
  Envelope* older_last = nullptr;
  std::size_t older_count = 0;

  // An Inbox: guarded by lock.
  int news_under_way = 0;  // senders that ended its rest and have yet to say so
  fiber::Waiter* reader = nullptr;
  UniqueFd bell;

  // Nobody knows the actor by a name, or waits to hear of its end.
  bool is_unknown() const noexcept;
  // The actor of `number` has ended.
  void keep_end(std::uint64_t number, const Exit& reason, std::string who,
                std::string_view class_name);
  void end_all();
  void reset() noexcept;
};

}  // namespace troupe::actor
