// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cell: the place of an actor: mailbox, state, counters, and its object when that is small. Places
// are never given back while the runtime lives and are used again under another number, so a handle
// needs no count of references: whoever comes too late finds another number. See
// docs/architecture.md#actors.
//
// The mailbox is one word: who wrote last, how many wait, and whether anybody is at work. Many
// write; one at a time reads: whom the word says is at work. Order: that of the writes.

#include "troupe/runtime/actor/actor_type.hpp"
#include "troupe/runtime/actor/envelope.hpp"
#include "troupe/runtime/actor/internal/control.hpp"
#include "troupe/runtime/actor/internal/extras.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/stats.hpp"
#include "troupe/runtime/fiber/task.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace troupe::actor {

class System;

class alignas(64) Cell final : public fiber::Task {
 public:
  static constexpr std::size_t kInlineObject = 24;

  Cell() noexcept : Task(&activate) {}

  // ---- any thread ----
  enum class Pushed : std::uint8_t { in, full };
  // Puts it in, and the actor to work if it is not; full: nothing happened.
  Pushed push(Envelope& envelope) noexcept;
  // Whatever is full.
  void push_anyway(Envelope& envelope) noexcept;
  void push(Control& control, std::uint64_t target) noexcept;
  bool is(std::uint64_t number) const noexcept {
    return number_.load(std::memory_order_acquire) == number;  // pairs with settle: publishes the rest
  }
  std::uint64_t number() const noexcept { return number_.load(std::memory_order_acquire); }
  System& system() const noexcept;
  // For people: "Account 17.3", or its name.
  std::string text() const;
  const ActorType* type() const noexcept { return type_.load(std::memory_order_relaxed); }
  Extras* extras() const noexcept { return extras_.load(std::memory_order_acquire); }
  Extras& need_extras();
  std::size_t depth() const noexcept;
  std::size_t capacity() const noexcept { return capacity_.load(std::memory_order_relaxed); }
  WhenFull when_full() const noexcept { return when_full_; }
  Duration patience() const noexcept;
  // push, if there is room for what the message owns, too.
  bool try_in(Envelope& envelope) noexcept;
  // try_in, or the courier's work where there is one.
  bool accept(Envelope& envelope, const Target& target);
  // Room for what the message owns, and now for one message. False: there is none.
  bool reserve(Envelope& envelope) noexcept;
  void unreserve(Envelope& envelope) noexcept;
  void count_drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }
  // Waits for room; see deliver().
  Sent wait_for_room(Envelope& envelope, const Target& target, Deadline until);
  // Makes room by dropping what is oldest, then puts it in.
  void push_dropping(Envelope& envelope) noexcept;

  // The wait-for graph. True: `asked` waits for this one in the end; `text` says how.
  bool wait_for(Cell& asked, std::string* text);
  void wait_no_more() noexcept { waits_for_.store(nullptr); }
  void wait_no_more_for(Cell& asked) noexcept {
    Cell* expected = &asked;
    waits_for_.compare_exchange_strong(expected, nullptr);
  }
  Cell* waits_for() const noexcept { return waits_for_.load(); }

  // What its handler handles; null: none runs.
  const MessageType* handling() const noexcept { return current_.load(std::memory_order_relaxed); }
  // True once for each actor, or handler.
  bool first_refusal() noexcept { return !refusal_said_.exchange(true); }
  bool report_long() noexcept {
    const std::uint64_t handled = handled_.load(std::memory_order_relaxed);
    return long_said_.exchange(static_cast<std::uint32_t>(handled) + 1) !=
           static_cast<std::uint32_t>(handled) + 1;
  }

  // For people; nothing where there is no actor.
  std::optional<ActorStats> stats(Instant now);

  // ---- its place, while it has no actor ----
  // False: somebody who came too late is being sent away.
  bool claim() noexcept;
  void* prepare(const ActorType& type, const ActorOptions* options, std::uint64_t parent);
  // The object is there.
  void settle(std::uint64_t number, bool object_made) noexcept;
  std::uint32_t next_generation() noexcept { return ++generation_; }
  bool is_vacant() const noexcept { return life_.load(std::memory_order_relaxed) == Life::vacant; }

  // ---- the actor's own, while it is at work ----
  static Cell* current() noexcept;  // of the calling thread
  void* object() noexcept;
  AnswerBase* answer() const noexcept { return answer_; }
  Instant deadline() const noexcept;
  void request_stop(Exit reason);  // ends once the current message is done
  bool ending() const noexcept { return life_.load(std::memory_order_relaxed) == Life::ending; }
  void* stash_current(bool& is_question);
  bool stashing() const noexcept { return stashing_; }
  void unstash() noexcept;
  void end(Exit reason);
  // A timer, which ends with the actor.
  void keep(const std::shared_ptr<TimerState>& timer);
  // An Inbox's.
  Envelope* take(std::span<const MessageType* const> types, std::size_t& which) noexcept;
  Result<void> wait_for_mail(Deadline until);
  AnswerBase* begin(Envelope& envelope) noexcept;
  void finish(Envelope& envelope, const AnswerBase* answer) noexcept;
  void begin_reading() noexcept;
  void end_reading() noexcept;
  bool rest() noexcept;  // false: there is more
  int ready_fd();
  void empty_bell() noexcept;
  void leave_foreign();
  void adopt_foreign(std::uint64_t number);

 private:
  friend class System;
  friend class CellTable;

  enum class Life : std::uint8_t { vacant, alive, ending, ended };

  // The word of the mailbox: 42 bits of the newest envelope's address, 22 of a count.
  static constexpr unsigned kAddressBits = 42;
  static constexpr std::uint64_t kAddress = (std::uint64_t{1} << kAddressBits) - 1;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << kAddressBits;
  static constexpr std::uint64_t kAtWork = 0;  // nothing new, and somebody is at work
  static constexpr std::uint64_t kIdle = 1;    // nobody is

  static std::uint64_t word_of(const Envelope* envelope) noexcept {
    return reinterpret_cast<std::uintptr_t>(envelope) >> 6U;
  }
  static Envelope* envelope_of(std::uint64_t word) noexcept {
    return reinterpret_cast<Envelope*>((word & kAddress) << 6U);
  }
  static std::size_t count_of(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(word >> kAddressBits);
  }

  static void activate(fiber::Task& task);
  void work();
  void handle(Envelope& envelope, Context& context);
  void handle_controls(Context& context);
  void read_controls(Context& context);
  void catch_failure(AnswerBase* answer);
  Envelope* next_mail() noexcept;
  bool drain() noexcept;
  bool drain_older() noexcept;
  void gather_older(Extras& its) noexcept;
  bool go_idle() noexcept;
  void put_to_work() noexcept;
  void taken_out(const Envelope& envelope) noexcept;
  void let_senders_in() noexcept;
  void drop_all(const Exit& reason) noexcept;
  void drop(Envelope& envelope, const Exit* reason) noexcept;
  Handle handle_for(const MessageType& type) const noexcept;
  bool full() const noexcept;

  // Written by senders.
  std::atomic<std::uint64_t> mailbox_{kIdle};
  std::atomic<std::uint64_t> number_{0};  // 0: nobody's
  std::atomic<Control*> controls_{nullptr};
  // Written by the reader, read by senders.
  std::atomic<std::uint32_t> in_hand_{0};  // taken out of the word, not yet handled: at least so many
  std::atomic<std::uint32_t> capacity_{0};
  std::atomic<std::uint32_t> newest_run_{0};  // when the oldest of those in the word was sent, ticks
  std::atomic<std::uint32_t> oldest_{0};      // when the oldest in hand was
  std::atomic<Extras*> extras_{nullptr};
  std::atomic<const ActorType*> type_{nullptr};
  std::atomic<Cell*> waits_for_{nullptr};
  std::atomic<std::uint32_t> waits_{0};  // counts changes of waits_for_
  std::atomic<std::uint32_t> dropped_{0};
  std::atomic<bool> senders_wait_{false};
  std::atomic<bool> refusal_said_{false};
  WhenFull when_full_ = WhenFull::wait;
  std::atomic<Life> life_{Life::vacant};
  bool listed_ = false;     // among the vacant ones
  bool object_made_ = false;
  bool own_object_ = false;  // the object has memory of its own
  bool stashing_ = false;   // the current message was put aside
  bool read_by_inbox_ = false;  // its code, or a thread, takes the messages
  bool at_reading_ = true;      // of an Inbox: it is at work, in the sense of the word
  // The reader's; what others read is atomic.
  Envelope* mail_ = nullptr;
  Envelope* in_work_ = nullptr;
  std::uint32_t left_ = 0;  // how many mail_ has
  std::uint32_t generation_ = 0;
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<const MessageType*> current_{nullptr};
  AnswerBase* answer_ = nullptr;
  std::atomic<std::uint32_t> since_{0};
  std::atomic<std::uint32_t> long_said_{0};
  std::atomic<std::uint64_t> parent_{0};
  alignas(8) std::byte storage_[kInlineObject];
};
static_assert(sizeof(Cell) <= 256);

}  // namespace troupe::actor
