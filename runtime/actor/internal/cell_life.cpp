// SPDX-License-Identifier: Apache-2.0
// How an actor begins and ends in its cell.
#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/internal/remote.hpp"
#include "troupe/runtime/actor/internal/timer_state.hpp"
#include "troupe/runtime/actor/internal/watching.hpp"
#include "troupe/runtime/actor/system.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

namespace troupe::actor {

bool Cell::claim() noexcept {
  std::uint64_t idle = kIdle;
  return mailbox_.compare_exchange_strong(idle, kAtWork);
}

void* Cell::prepare(const ActorType& type, const ActorOptions* options, std::uint64_t parent) {
  const MailboxOptions usual;
  const MailboxOptions& mailbox = options != nullptr ? options->mailbox : usual;
  type_.store(&type, std::memory_order_relaxed);
  capacity_.store(static_cast<std::uint32_t>(
                      std::clamp<std::size_t>(mailbox.capacity, 1, MailboxOptions::kMostCapacity)),
                  std::memory_order_relaxed);
  when_full_.store(mailbox.when_full, std::memory_order_relaxed);
  forwards_ = type.forward != nullptr;
  listed_ = false;
  handled_.store(0, std::memory_order_relaxed);
  dropped_.store(0, std::memory_order_relaxed);
  refusal_said_.store(false, std::memory_order_relaxed);
  left_ = 0;
  in_hand_.store(0, std::memory_order_relaxed);
  parent_.store(parent, std::memory_order_relaxed);
  if (options != nullptr) {
    Extras& its = need_extras();
    its.capacity_bytes.store(mailbox.capacity_bytes, std::memory_order_relaxed);
    its.patience.store(mailbox.wait.count(), std::memory_order_relaxed);
    its.handler_limit.store(options->handler_limit.count(), std::memory_order_relaxed);
    const std::lock_guard lock{its.lock};
    its.name = options->name;
  }
  own_object_ = type.size > kInlineObject || type.alignment > alignof(std::uint64_t);
  if (own_object_) {
    TROUPE_CHECK(type.alignment <= 64 && "an actor is aligned to 64 bytes at most");
    void* const object = allocate_envelope(type.size);
    std::memcpy(storage_, &object, sizeof object);
    return object;
  }
  return storage_;
}

// From here on it is an actor; messages that came meanwhile were for somebody before it.
void Cell::settle(std::uint64_t number, bool object_made) noexcept {
  object_made_ = object_made;
  life_.store(Life::alive, std::memory_order_relaxed);
  number_.store(number, std::memory_order_release);  // pairs with is(): publishes the rest
  if (!go_idle()) {
    put_to_work();
  }
}

void Cell::end() {
  Extras* const its = extras();
  end(its != nullptr ? std::exchange(its->ending, Exit{}) : Exit{});
}

// Tells everybody who has to know, and sends away what waits. Most actors have nobody to tell, and
// end in order: they need no Extras.
void Cell::end(Exit reason) {
  if (!reason.ok() || type()->stopped != nullptr) {
    if (reason.who.empty()) {
      reason.who = text();
    }
    (void)need_extras();
  }
  // Who is killed does not live to hear of it.
  if (type()->stopped != nullptr && object_made_ && reason.kind != Exit::Kind::killed) {
    Context context{*this};
    try {
      type()->stopped(object(), context, reason);
    } catch (...) {
      system().runtime().log().write(LogLevel::error,
                                     "stopped() threw: " + text_of_current_exception(), text());
    }
  }
  Extras* its = extras();
  if (its != nullptr && !its->used.load(std::memory_order_relaxed)) {
    its = nullptr;  // of an actor that was here before
  }
  const std::uint64_t number = number_.load(std::memory_order_relaxed);
  life_.store(Life::ended, std::memory_order_relaxed);
  if (its != nullptr) {
    its->keep_end(number, reason, reason.ok() && its->is_unknown() ? std::string{} : text(),
                  type()->name);
  }
  number_.store(0, std::memory_order_release);
  wait_no_more();
  if (its != nullptr) {
    its->end_all();
  }
  const bool successor = its != nullptr && leave_entries(number, reason);
  drop_all(successor ? Exit{.kind = Exit::Kind::restarted} : reason);
  if (senders_wait_.load()) {
    let_senders_in();
  }
  if (object_made_ && type()->destroy != nullptr) {
    type()->destroy(object());
  }
  if (own_object_) {
    free_envelope(object(), type()->size);
    own_object_ = false;
  }
  if (its != nullptr) {
    tell_of_end(*this, number, Exit{its->last_exit});
    its->reset();
  }
  system().scheduler().release(*this);
  if (is_actor()) {
    system().ended(*type(), number, handled_.load(std::memory_order_relaxed), reason);
  }
}

// What who comes later may ask for.
void Extras::keep_end(std::uint64_t number, const Exit& reason, std::string who,
                      std::string_view class_name) {
  const std::lock_guard guard{lock};
  last_name = name.empty() ? std::string{class_name} : name;
  last_exit = reason;
  if (last_exit.who.empty()) {
    last_exit.who = std::move(who);
  }
  last_number = number;
}

// What must not go on.
void Extras::end_all() {
  std::optional<std::stop_source> to_stop;
  std::optional<std::stop_source> ask_to_stop;
  {
    const std::lock_guard guard{lock};
    to_stop = std::exchange(stop, std::nullopt);
    ask_to_stop = std::exchange(ask_stop, std::nullopt);
  }
  for (auto* const each : {&to_stop, &ask_to_stop}) {
    if (*each) {  // without the lock: it calls the user's callbacks
      (*each)->request_stop();
    }
  }
  for (const auto& timer : std::exchange(timers, {})) {
    if (const auto living = timer.lock(); living != nullptr) {
      living->cancel();
    }
  }
}

void Cell::drop_all(const Exit& reason) noexcept {
  unstash();
  for (;;) {
    Envelope* envelope = std::exchange(mail_, nullptr);
    if (envelope == nullptr) {
      if (!drain()) {
        break;
      }
      continue;
    }
    while (envelope != nullptr) {
      Envelope* const next = envelope->next;
      if (envelope->operations->footprint != nullptr) {
        need_extras().bytes.fetch_sub(
            static_cast<std::int64_t>(envelope->operations->footprint(*envelope)));
      }
      drop(*envelope, &reason);
      envelope = next;
    }
  }
  left_ = 0;
  in_hand_.store(0);
}

void Cell::discard_rest() noexcept {
  Control* control = controls_.exchange(nullptr);
  while (control != nullptr) {
    const std::unique_ptr<Control> unread{control};
    control = control->next_;
  }
  while (mail_ != nullptr || drain()) {
    Envelope& envelope = *std::exchange(mail_, mail_->next);
    const Operations& operations = *envelope.operations;
    AnswerBase* const answer = operations.answer != nullptr ? operations.answer(envelope) : nullptr;
    if (answer == nullptr) {
      discard(envelope);
    } else {
      operations.destroy(envelope);
      answer->fail(Error{Code::cancelled, "ask: the runtime has stopped"});
    }
  }
}

// A message that nobody will handle. `reason`: of the end of this actor; null: it was for another.
void Cell::drop(Envelope& envelope, const Exit* reason) noexcept {
  const Operations& operations = *envelope.operations;
  system().count(Dropped::ended);
  count_drop();
  AnswerBase* const answer = operations.answer != nullptr ? operations.answer(envelope) : nullptr;
  if (answer == nullptr) {
    discard(envelope);
    return;
  }
  operations.destroy(envelope);
  answer->fail(reason != nullptr ? ended_error(text(), *reason)
                                 : Error{Code::closed, "ask: the actor had ended"});
}

Extras& Cell::need_extras() {
  Extras* its = extras_.load(std::memory_order_acquire);
  if (its != nullptr) {
    its->used.store(true, std::memory_order_relaxed);
  } else {
    auto* const made = new Extras;
    if (extras_.compare_exchange_strong(its, made)) {
      return *made;
    }
    delete made;
  }
  return *its;
}

std::string Cell::text() const {
  std::string name;
  if (Extras* const its = extras(); its != nullptr) {
    const std::lock_guard lock{its->lock};
    name = its->name;
  }
  const ActorType* const its_type = type();
  const std::string class_name{its_type != nullptr ? its_type->name : std::string_view{"actor"}};
  if (!name.empty()) {
    return class_name + " \"" + name + "\"";
  }
  return class_name + " " +
         ActorId{0, 0, number() != 0 ? number() : CellTable::index_of(*this)}.text();
}

void Cell::keep(const std::shared_ptr<TimerState>& timer) {
  auto& timers = need_extras().timers;
  if (timers.size() == timers.capacity()) {
    std::erase_if(timers, [](const std::weak_ptr<TimerState>& each) { return each.expired(); });
    timers.reserve(std::max<std::size_t>(4, timers.size() * 2));
  }
  timers.push_back(timer);
}

bool Extras::is_unknown() const noexcept {
  return name.empty() && watchers.empty() && linked.empty();
}

void Extras::reset() noexcept {
  std::shared_ptr<Remote> former;  // goes without the lock
  const std::lock_guard guard{lock};
  used.store(false, std::memory_order_relaxed);
  name.clear();
  senders.clear();
  stop.reset();
  ask_stop.reset();
  remote.swap(former);
  watchers.clear();
  monitored.clear();
  linked.clear();
  children.clear();
  timers.clear();
  capacity_bytes.store(MailboxOptions{}.capacity_bytes, std::memory_order_relaxed);
  patience.store(Duration{MailboxOptions{}.wait}.count(), std::memory_order_relaxed);
  handler_limit.store(0, std::memory_order_relaxed);
  ending = {};
  end_by = Instant::max();
  restarts = 0;
}

}  // namespace troupe::actor
