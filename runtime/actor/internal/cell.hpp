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
#include "troupe/runtime/actor/internal/figures.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/stats.hpp"
#include "troupe/runtime/fiber/task.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace troupe::actor {

class System;

class alignas(64) Cell final : public fiber::Task {
 public:
  static constexpr std::size_t kInlineObject = 16;

  // ---- any thread ----
  enum class Pushed : std::uint8_t { in, full };
  // Puts it in, and the actor to work if it is not; full: nothing happened.
  Pushed push(Envelope& envelope) noexcept;
  // Whatever is full. What the message owns is counted already: see charge.
  void push_anyway(Envelope& envelope) noexcept;
  void charge(const Envelope& envelope) noexcept;
  void push(Control& control, std::uint64_t target) noexcept;
  bool is(std::uint64_t number) const noexcept {
    return number_.load(std::memory_order_acquire) ==
           number;  // pairs with settle: publishes the rest
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
  WhenFull when_full() const noexcept { return when_full_.load(std::memory_order_relaxed); }
  Duration patience() const noexcept;
  // push, if there is room for what the message owns, too.
  bool try_in(Envelope& envelope) noexcept;
  // try_in, or the courier's work where there is one.
  bool accept(Envelope& envelope, const Target& target);
  // Room for what the message owns, and now for one message. False: there is none.
  bool reserve(Envelope& envelope) noexcept;
  void unreserve(Envelope& envelope) noexcept;
  void count_drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }
  // Waits until `try_in` has put something there; see deliver().
  Sent wait_for_room(const Target& target, Deadline until, const std::function<bool()>& try_in);
  // Makes room by dropping what is oldest, then puts it in. False: the actor it is for has ended.
  bool push_dropping(Envelope& envelope) noexcept;
  // Whether there is room for `more` messages and one, and the bytes are not used up.
  bool has_room(std::size_t more) const noexcept;
  // Waits until has_room(more()) may be true, or the target has ended (closed).
  Sent wait_until_room(const Target& target, const std::function<std::size_t()>& more,
                       Deadline until);
  // Has those who wait for room look again, as many as may find some.
  void let_senders_in() noexcept;

  // The wait-for graph. True: `asked` waits for this one in the end; `text` says how.
  bool wait_for(Cell& asked, std::string* text);
  void wait_no_more() noexcept { waits_for_.store(nullptr, std::memory_order_release); }
  // By who answers: before the answer is seen, so that nobody takes who has one for waiting.
  void wait_no_more_for(Cell& asked) noexcept {
    if (waits_for_.load(std::memory_order_relaxed) == &asked) {
      waits_for_.store(nullptr, std::memory_order_release);
    }
  }
  Cell* waits_for() const noexcept { return waits_for_.load(); }

  // What its handler handles; null: none runs.
  const MessageType* handling() const noexcept { return current_.load(std::memory_order_relaxed); }
  // The token that the actor of that number has taken, if it has, and is still here.
  void request_stop_of_token(std::uint64_t number);
  // Null: the actor of that number is here, or has ended.
  std::shared_ptr<Remote> remote(std::uint64_t number) const;
  // By who asked this actor, or one that was here before.
  void hear_of_give_up(const AnswerBase& answer) noexcept;
  // True once for each actor.
  bool first_refusal() noexcept { return !refusal_said_.exchange(true); }

  // For people; nothing where there is no actor.
  std::optional<ActorStats> stats(const Moment& moment) const;
  std::optional<Figures> figures(const Moment& moment) const noexcept;

  // ---- its place, while it has no actor ----
  // False: somebody who came too late is being sent away.
  bool claim() noexcept;
  void* prepare(const ActorType& type, const ActorOptions* options, std::uint64_t parent);
  // The object is there.
  void settle(std::uint64_t number, bool object_made) noexcept;
  std::uint32_t next_generation() noexcept { return ++generation_; }
  // Not the place of an Inbox that belongs to a thread.
  bool is_actor() const noexcept { return type()->size != 0; }
  // A place that has never been used is at work from the start: it need not be claimed.
  struct Fresh {};
  explicit Cell(Fresh /*fresh*/) noexcept : Task(&activate), mailbox_(kAtWork) {}
  // What came after the workers had ended goes, unread. Nobody else has the place any more.
  void discard_rest() noexcept;
  bool is_vacant() const noexcept { return life_.load(std::memory_order_relaxed) == Life::vacant; }

  // ---- the actor's own, while it is at work ----
  static Cell* current() noexcept;  // of the calling thread
  void* object() noexcept;
  AnswerBase* answer() const noexcept { return answer_; }
  // What this actor does from now on is not for that one.
  void has_answered(const AnswerBase& answer) noexcept {
    if (answer_ == &answer) answer_ = nullptr;
  }
  Instant deadline() const noexcept;
  void request_stop(Exit reason);  // ends once the current message is done
  void end();                      // why request_stop said
  std::stop_token stop_token();
  std::stop_token ask_stop_token();
  // Null: it is not there any more.
  void set_remote(std::shared_ptr<Remote> remote);
  // Until when it is to end, if that was said.
  Deadline end_by() const noexcept;
  bool ending() const noexcept { return life_.load(std::memory_order_relaxed) == Life::ending; }
  Result<void> room_to_stash(std::size_t bytes);
  // `envelope` is what its handler handles.
  void* stash(Envelope& envelope, bool& is_question);
  bool stashing() const noexcept { return stashing_; }
  void unstash() noexcept;
  void end(Exit reason);
  // A timer, which ends with the actor.
  void keep(const std::shared_ptr<TimerState>& timer);
  // An Inbox's.
  Envelope* take(std::span<const MessageType* const> types, std::size_t& which) noexcept;
  Envelope* take_any() noexcept;
  void hear() noexcept;
  Result<void> wait_for_mail(Deadline until);
  AnswerBase* begin(Envelope& envelope) noexcept;
  void finish(Envelope& envelope, const AnswerBase* answer) noexcept;
  void begin_reading() noexcept;
  void end_reading() noexcept;
  bool rest() noexcept;  // false: there is more
  void end_rest() noexcept;
  void ring_for_rest() noexcept;  // the bell, if there is more; then, or at rest, others ring it
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
    // NOLINTNEXTLINE(performance-no-int-to-ptr): of which 42 bits are kept
    return reinterpret_cast<Envelope*>((word & kAddress) << 6U);
  }
  static std::size_t count_of(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(word >> kAddressBits);
  }

  static void activate(fiber::Task& task);
  void work();
  void handle(Envelope& envelope, Context& context, Instant now);
  std::unique_ptr<Control> next_control() noexcept;
  bool has_controls() const noexcept {
    return controls_.load() != nullptr || (extras() != nullptr && extras()->heard != nullptr);
  }
  bool was_told_to_stop() const noexcept;
  bool is_to_stop() const noexcept;
  void handle_controls(Context& context);
  void read_controls(Context& context);
  bool lie_down() noexcept;  // rest, whoever waits for room
  template <class Wanted>
  Envelope* take_first(const Wanted& wanted) noexcept;
  void catch_failure(AnswerBase* answer);
  template <class Wanted>
  Envelope* take_older(const Wanted& wanted) noexcept;
  Envelope* next_mail() noexcept;
  bool drain() noexcept;
  bool drain_older() noexcept;
  void gather_older(Extras& its) noexcept;
  bool go_idle() noexcept;
  void put_to_work() noexcept;
  void taken_out(const Envelope& envelope) noexcept;
  template <class Try>
  Sent wait_until(const Target& target, Deadline until, const Try& try_it);
  template <class Try>
  std::optional<Sent> wait_once(Cell* sender, const Target& target, Deadline until,
                                const Try& try_it);
  void drop_all(const Exit& reason) noexcept;
  bool leave_entries(std::uint64_t number, const Exit& reason) noexcept;
  void drop(Envelope& envelope, const Exit* reason) noexcept;
  Handle handle_for(const MessageType& type) const noexcept;
  bool full() const noexcept;

  // Written by senders.
  std::atomic<std::uint64_t> mailbox_{kIdle};
  std::atomic<std::uint64_t> number_{0};  // 0: nobody's
  std::atomic<Control*> controls_{nullptr};
  // Written by the reader, read by senders.
  std::atomic<std::uint32_t> in_hand_{
      0};  // taken out of the word, not yet handled: at least so many
  std::atomic<std::uint32_t> capacity_{0};
  std::atomic<std::uint32_t> newest_run_{
      0};                                 // when the oldest of those in the word was sent, ticks
  std::atomic<std::uint32_t> oldest_{0};  // when the oldest in hand was
  std::atomic<Extras*> extras_{nullptr};
  std::atomic<const ActorType*> type_{nullptr};
  std::atomic<Cell*> waits_for_{nullptr};
  std::atomic<std::uint32_t> waits_{0};  // counts changes of waits_for_
  std::atomic<std::uint32_t> dropped_{0};
  std::atomic<bool> senders_wait_{false};
  std::atomic<bool> refusal_said_{false};
  std::atomic<WhenFull> when_full_{WhenFull::wait};
  std::atomic<Life> life_{Life::vacant};
  bool listed_ = false;  // among the vacant ones
  bool object_made_ = false;
  bool own_object_ = false;     // the object has memory of its own
  bool stashing_ = false;       // the current message was put aside
  bool read_by_inbox_ = false;  // its code, or a thread, takes the messages
  bool forwards_ = false;       // it stands for an actor elsewhere
  bool at_reading_ = true;      // of an Inbox: it is at work, in the sense of the word
  bool unseen_ = false;         // of an Inbox: something in mail_ was not looked at
  std::uint32_t left_ = 0;      // how many mail_ has
  // The reader's; what others read is atomic.
  Envelope* mail_ = nullptr;
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<const MessageType*> current_{nullptr};
  AnswerBase* answer_ = nullptr;
  std::atomic<std::uint32_t> since_{0};
  std::uint32_t generation_ = 0;
  std::atomic<std::uint64_t> parent_{0};
  alignas(8) std::byte storage_[kInlineObject];  // NOLINT(modernize-avoid-c-arrays): raw memory
};
static_assert(sizeof(Cell) == 192, "what an idle actor takes");

}  // namespace troupe::actor
