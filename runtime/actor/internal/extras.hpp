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

class Control;
class Entry;

// Who wants to hear of the end of an actor.
struct Watcher {
  Target watcher;
  std::unique_ptr<Control> notice;  // a DownNotice, made with the monitor
};

struct Extras {
  // A sender that waits for room.
  struct Sender {
    fiber::Waiter room;
    Sender* next = nullptr;
  };

  SpinLock lock;
  // Guarded by lock.
  std::string name;
  std::vector<Sender*> senders;
  std::stop_source stop;
  std::uint64_t restarts = 0;
  std::vector<std::shared_ptr<Entry>> entries;  // names, groups, its seat
  Exit last_exit;
  std::uint64_t last_number = 0;  // whose end that was
  // Thread-safe by themselves.
  std::atomic<std::int64_t> bytes{0};

  // The actor's own.
  Exit ending;  // why it is to end
  MailboxOptions mailbox;
  Duration handler_limit{};
  std::vector<Watcher> watchers;
  std::vector<Target> monitored;  // links too
  std::vector<Target> linked;
  std::vector<Target> children;
  std::vector<std::weak_ptr<TimerState>> timers;
  Envelope* stashed = nullptr;  // the newest first
  std::size_t stashed_count = 0;

  // WhenFull::drop_oldest: guarded by lock.
  Envelope* older_first = nullptr;
  Envelope* older_last = nullptr;
  std::size_t older_count = 0;

  // An Inbox outside of an actor: guarded by lock.
  bool foreign = false;
  fiber::Waiter* reader = nullptr;
  UniqueFd bell;

  // Of the actor that has ended.
  void reset() noexcept;
};

}  // namespace troupe::actor
