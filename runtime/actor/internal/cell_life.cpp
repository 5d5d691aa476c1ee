// SPDX-License-Identifier: Apache-2.0
// How an actor begins and ends in its cell.
#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
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
  when_full_ = mailbox.when_full;
  listed_ = false;
  handled_.store(0, std::memory_order_relaxed);
  dropped_.store(0, std::memory_order_relaxed);
  refusal_said_.store(false, std::memory_order_relaxed);
  long_said_.store(0, std::memory_order_relaxed);
  left_ = 0;
  in_hand_.store(0, std::memory_order_relaxed);
  parent_.store(parent, std::memory_order_relaxed);
  if (options != nullptr) {
    Extras& its = need_extras();
    its.mailbox = mailbox;
    its.handler_limit = options->handler_limit;
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

void Cell::request_stop(Exit reason) {
  Life alive = Life::alive;
  if (life_.compare_exchange_strong(alive, Life::ending)) {
    need_extras().last_exit = std::move(reason);
  }
}

// Tells everybody who has to know, and sends away what waits.
void Cell::end(Exit reason) {
  Context context{*this};
  Extras& its = need_extras();
  if (reason.who.empty()) {
    reason.who = text();
  }
  // Who is killed does not live to hear of it.
  if (type()->stopped != nullptr && object_made_ && reason.kind != Exit::Kind::killed) {
    try {
      type()->stopped(object(), context, reason);
    } catch (...) {
      system().runtime().log().write(text() + ": stopped() threw: " + text_of_current_exception());
    }
  }
  const std::uint64_t number = number_.load(std::memory_order_relaxed);
  life_.store(Life::ended, std::memory_order_relaxed);
  {
    const std::lock_guard lock{its.lock};
    its.last_exit = reason;
    its.last_number = number;
    its.stop.request_stop();
  }
  number_.store(0, std::memory_order_release);
  for (const auto& timer : std::exchange(its.timers, {})) {
    if (const auto living = timer.lock(); living != nullptr) {
      living->cancel();
    }
  }
  drop_all(reason);
  let_senders_in();
  if (object_made_) {
    type()->destroy(object());
  }
  if (own_object_) {
    free_envelope(object(), type()->size);
    own_object_ = false;
  }
  tell_of_end(*this, number, reason);
  its.reset();
  system().ended(number, handled_.load(std::memory_order_relaxed), reason);
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
      drop(*envelope, &reason);
      envelope = next;
    }
  }
  left_ = 0;
  in_hand_.store(0);
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
  answer->fail(reason != nullptr ? ended_error(reason->who, *reason)
                                 : Error{Code::closed, "ask: the actor had ended"});
}

Extras& Cell::need_extras() {
  Extras* its = extras_.load(std::memory_order_acquire);
  if (its == nullptr) {
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
  return class_name + " " + ActorId{0, 0, number() != 0 ? number() : CellTable::index_of(*this)}.text();
}

void Cell::keep(const std::shared_ptr<TimerState>& timer) {
  auto& timers = need_extras().timers;
  if (timers.size() == timers.capacity()) {
    std::erase_if(timers, [](const std::weak_ptr<TimerState>& each) { return each.expired(); });
    timers.reserve(std::max<std::size_t>(4, timers.size() * 2));
  }
  timers.push_back(timer);
}

void Extras::reset() noexcept {
  const std::lock_guard guard{lock};
  name.clear();
  senders.clear();
  stop = std::stop_source{};
  watchers.clear();
  monitored.clear();
  linked.clear();
  children.clear();
  timers.clear();
  mailbox = {};
  handler_limit = {};
  restarts = 0;
  bytes.store(0);
}

}  // namespace troupe::actor
