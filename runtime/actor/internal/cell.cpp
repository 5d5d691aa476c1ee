// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/cell.hpp"

#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/context.hpp"
#include "troupe/runtime/actor/internal/cell_table.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

namespace troupe::actor {

System& Cell::system() const noexcept {
  return CellTable::system_of(*this);
}

Cell* Cell::current() noexcept {
  const fiber::Worker* const worker = fiber::Worker::current();
  return worker != nullptr ? static_cast<Cell*>(worker->task()) : nullptr;
}

// ---- senders -----------------------------------------------------------------------------------

bool Cell::full() const noexcept {
  return count_of(mailbox_.load(std::memory_order_relaxed)) +
             in_hand_.load(std::memory_order_relaxed) >=
         capacity_.load(std::memory_order_relaxed);
}

std::size_t Cell::depth() const noexcept {
  return count_of(mailbox_.load(std::memory_order_relaxed)) +
         in_hand_.load(std::memory_order_relaxed);
}

Cell::Pushed Cell::push(Envelope& envelope) noexcept {
  const std::uint32_t sent = envelope.sent;  // once it is in, it may be handled and gone
  std::uint64_t word =
      mailbox_.load(std::memory_order_acquire);  // pairs with gather_older: in_hand_
  std::uint64_t before = 0;
  do {
    if (count_of(word) + in_hand_.load(std::memory_order_relaxed) >=
        capacity_.load(std::memory_order_relaxed)) [[unlikely]] {
      return Pushed::full;
    }
    before = word & kAddress;
    envelope.next = before == kIdle ? nullptr : envelope_of(before);
    // Sequentially consistent, as all that tells who is at work.
  } while (!mailbox_.compare_exchange_weak(word, ((word & ~kAddress) + kOne) | word_of(&envelope)));
  if (before <= kIdle) {
    newest_run_.store(sent, std::memory_order_relaxed);
    if (before == kIdle) {
      put_to_work();
    }
  }
  return Pushed::in;
}

void Cell::push_anyway(Envelope& envelope) noexcept {
  const std::uint32_t sent = envelope.sent;
  std::uint64_t word = mailbox_.load(std::memory_order_relaxed);
  std::uint64_t before = 0;
  do {
    before = word & kAddress;
    envelope.next = before == kIdle ? nullptr : envelope_of(before);
  } while (!mailbox_.compare_exchange_weak(word, ((word & ~kAddress) + kOne) | word_of(&envelope)));
  if (before <= kIdle) {
    newest_run_.store(sent, std::memory_order_relaxed);
    if (before == kIdle) {
      put_to_work();
    }
  }
}

void Cell::push(Control& control, std::uint64_t target) noexcept {
  control.target_ = target;
  Control* newest = controls_.load(std::memory_order_relaxed);
  do {
    control.next_ = newest;
  } while (!controls_.compare_exchange_weak(newest, &control));
  // Sequentially consistent: pairs with go_idle, which looks at the controls after it is idle.
  std::uint64_t idle = kIdle;
  if (mailbox_.compare_exchange_strong(idle, kAtWork)) {
    put_to_work();
  }
}

// The word has just said that nobody was at work, and says that somebody is.
void Cell::put_to_work() noexcept {
  if (read_by_inbox_) [[unlikely]] {
    Extras& its = *extras();
    const std::lock_guard lock{its.lock};
    --its.news_under_way;
    if (its.bell) {
      const std::uint64_t one = 1;
      (void)!::write(its.bell.get(), &one, sizeof one);
    }
    if (fiber::Waiter* const reader = std::exchange(its.reader, nullptr); reader != nullptr) {
      (void)reader->fire();
    }
    return;
  }
  fiber::Worker* const worker = fiber::Worker::current();
  if (worker != nullptr && worker->may_run(*this) &&
      &worker->scheduler() == system().known_scheduler()) [[likely]] {
    worker->schedule(*this);
  } else {
    system().scheduler().schedule(*this);
  }
}

// ---- the reader --------------------------------------------------------------------------------

void Cell::activate(fiber::Task& task) {
  static_cast<Cell&>(task).work();
}

void Cell::work() {
  fiber::Worker& worker = *fiber::Worker::current();
  unsigned quantum = worker.scheduler().options().quantum;
  Courier* const courier = system().courier();
  Context context{*this};
  for (;;) {
    if (controls_.load() != nullptr) [[unlikely]] {
      handle_controls(context);
    }
    Envelope* const envelope = next_mail();
    if (envelope == nullptr) {
      if (go_idle()) {
        return;
      }
      continue;
    }
    if (courier != nullptr && is(envelope->target)) [[unlikely]] {
      courier->handles(envelope->target, *envelope->operations->type);
    }
    handle(*envelope, context, worker.now());
    if (--quantum == 0) {
      worker.schedule_last(*this);
      return;
    }
  }
}

// What is in the word, in order, to in-hand. False: nothing is.
bool Cell::drain() noexcept {
  if (when_full() == WhenFull::drop_oldest) [[unlikely]] {
    return drain_older();
  }
  if ((mailbox_.load(std::memory_order_relaxed) & kAddress) <= kIdle) {
    return false;
  }
  const std::uint64_t word = mailbox_.exchange(kAtWork);
  oldest_.store(newest_run_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (senders_wait_.load()) [[unlikely]] {
    let_senders_in();
  }
  left_ = static_cast<std::uint32_t>(count_of(word));
  in_hand_.store(left_, std::memory_order_relaxed);
  Envelope* newest = envelope_of(word);
  Envelope* first = nullptr;
  while (newest != nullptr) {
    Envelope* const next = newest->next;
    newest->next = first;
    first = std::exchange(newest, next);
  }
  mail_ = first;
  return mail_ != nullptr;
}

Envelope* Cell::next_mail() noexcept {
  if (mail_ == nullptr && !drain()) {
    return nullptr;
  }
  Envelope* const envelope = mail_;
  mail_ = envelope->next;
  taken_out(*envelope);
  return envelope;
}

void Cell::taken_out(const Envelope& envelope) noexcept {
  --left_;
  const std::uint32_t capacity = capacity_.load(std::memory_order_relaxed);
  if (left_ % 16 == 0 || capacity < 64) {
    // Now and then, so that the senders' cache line stays with them; never less than there is.
    in_hand_.store(left_, std::memory_order_relaxed);
  }
  if (left_ == capacity / 2 && left_ != 0) [[unlikely]] {
    // Sequentially consistent: pairs with wait_for_room, which looks again after it has said so.
    // (With none left, what follows on the word of the mailbox is.)
    if (when_full() != WhenFull::drop_oldest) [[likely]] {  // where drain_older says
      in_hand_.exchange(left_);
    }
    if (senders_wait_.load()) [[unlikely]] {
      let_senders_in();
    }
  }
  if (envelope.operations->footprint != nullptr) [[unlikely]] {
    need_extras().bytes.fetch_sub(
        static_cast<std::int64_t>(envelope.operations->footprint(envelope)));
    if (senders_wait_.load()) {
      let_senders_in();
    }
  }
}

// True: nobody is at work any more, and this must not be touched.
bool Cell::go_idle() noexcept {
  if (life_.load(std::memory_order_relaxed) == Life::ended && !listed_) {
    listed_ = true;
    life_.store(Life::vacant, std::memory_order_relaxed);
    system().scheduler().release(*this);  // the next actor here may run anywhere
    system().vacate(*this);
  }
  std::uint64_t at_work = kAtWork;
  if (!mailbox_.compare_exchange_strong(at_work, kIdle)) {
    return false;
  }
  if (senders_wait_.load()) [[unlikely]] {
    let_senders_in();
  }
  if (controls_.load() != nullptr) [[unlikely]] {
    // Not by this activation: it may be another actor's place by now, which belongs to a thread.
    std::uint64_t idle = kIdle;
    if (mailbox_.compare_exchange_strong(idle, kAtWork)) {
      put_to_work();
    }
  }
  return true;
}

[[gnu::always_inline]] inline void Cell::handle(Envelope& envelope, Context& context, Instant now) {
  if (envelope.target != number_.load(std::memory_order_relaxed)) [[unlikely]] {
    drop(envelope, nullptr);
    return;
  }
  const Operations& operations = *envelope.operations;
  AnswerBase* const answer = operations.answer != nullptr ? operations.answer(envelope) : nullptr;
  if (operations.wanted != nullptr && !operations.wanted(envelope)) [[unlikely]] {
    discard(envelope);
    return;
  }
  if (answer != nullptr && is_late(*answer)) [[unlikely]] {
    system().count(Dropped::expired);
    operations.destroy(envelope);
    answer->fail(late_error(*this, *operations.type));
    return;
  }
  const Handle its_handle = forwards_                      ? type()->forward
                            : operations.handle != nullptr ? operations.handle
                                                           : handle_for(*operations.type);
  if (its_handle == nullptr) [[unlikely]] {
    refuse_unhandled(*this, envelope, answer);
    return;
  }
  current_.store(operations.type, std::memory_order_relaxed);
  since_.store(ticks_of(now), std::memory_order_relaxed);
  oldest_.store(mail_ != nullptr ? mail_->sent : 0, std::memory_order_relaxed);
  handled_.store(handled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  answer_ = answer;
  context.in_work_ = &envelope;
  try {
    its_handle(object(), envelope, context, answer);
  } catch (...) {
    catch_failure(answer);
  }
  answer_ = nullptr;
  current_.store(nullptr, std::memory_order_relaxed);
  if (stashing_) [[unlikely]] {
    stashing_ = false;
  } else if (answer == nullptr) {
    operations.destroy(envelope);
    free_envelope(&envelope, operations.size);
  }
  if (life_.load(std::memory_order_relaxed) == Life::ending) [[unlikely]] {
    end();
  }
}

// What a handler threw: its asker is told, and the actor ends. (The one place where that is
// caught.)
void Cell::catch_failure(AnswerBase* answer) {
  Exit exit{.kind = Exit::Kind::failed, .what = text_of_current_exception()};
  if (answer != nullptr && !stashing_) {
    answer->fail(Error{Code::failed, text() + " failed: " + exit.what, Effect::unknown});
  }
  request_stop(std::move(exit));
}

Handle Cell::handle_for(const MessageType& type) const noexcept {
  for (const Accepted& accepted : this->type()->accepts) {
    if (accepted.type == &type) {
      return accepted.handle;
    }
  }
  return nullptr;
}

// The oldest, out of where others put them. What came with it stays where an Inbox finds it, too:
// the code of a function actor runs in the first thing that it hears.
std::unique_ptr<Control> Cell::next_control() noexcept {
  Extras* const its = extras();
  if (its != nullptr && its->heard != nullptr) {
    return std::unique_ptr<Control>{std::exchange(its->heard, its->heard->next_)};
  }
  Control* newest = controls_.exchange(nullptr);
  Control* oldest = nullptr;
  while (newest != nullptr) {
    Control* const next = newest->next_;
    newest->next_ = oldest;
    oldest = std::exchange(newest, next);
  }
  if (oldest != nullptr && oldest->next_ != nullptr) {
    // Not in the caller's hand: what arrives may itself read on, as a function actor does.
    need_extras().heard = oldest->next_;
  }
  return std::unique_ptr<Control>{oldest};
}

void Cell::handle_controls(Context& context) {
  while (const std::unique_ptr<Control> arrived = next_control()) {
    if (arrived->target_ == number_.load(std::memory_order_relaxed)) {
      try {
        arrived->arrive(*this, context);
      } catch (...) {
        request_stop({.kind = Exit::Kind::failed, .what = text_of_current_exception()});
      }
      if (ending()) {
        end();
      }
    } else {
      arrived->miss(*this);
    }
  }
}

void* Cell::object() noexcept {
  if (!own_object_) {
    return storage_;
  }
  void* object = nullptr;
  std::memcpy(&object, storage_, sizeof object);
  return object;
}

Instant Cell::deadline() const noexcept {
  return answer_ != nullptr ? answer_->deadline() : Instant::max();
}

}  // namespace troupe::actor
