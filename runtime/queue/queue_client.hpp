// SPDX-License-Identifier: Apache-2.0
#pragma once

// QueueClient: a process's way to one queue, which all handles of it in the process share: one
// connection to the owner, made at the first use. Knows nothing of types: Queue<T> (queue.hpp)
// does. Thread-safe. There is no thread behind it: who waits receives for all, and the Caretaker
// looks after what is left when nobody calls. A connection that breaks while the owner lives is
// made again, and what was under way said again: docs/architecture.md#queues.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/queue/frame_log.hpp"
#include "troupe/runtime/queue/open_deliveries.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/schema.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class RuntimeCore;

namespace queue {

class Caller;
class Owner;
class Redial;
enum class Frame : std::uint8_t;
struct Answer;

// Where a queue is, as its handles say it in messages. Part of the wire format.
struct Place {
  std::string url;     // for other hosts; may be empty
  std::string local;   // for processes of this user on the same host; may be empty
  std::string object;  // its name there
  std::string host;    // which host that is, and user
  bool dead = false;   // its dead letters
};

// An item that was taken, and not finished yet.
struct Taken {
  std::uint64_t number = 0;   // of the delivery
  std::uint64_t id = 0;       // of the item
  std::uint64_t settled = 0;  // all items below are finished
  std::uint32_t attempts = 0;
  bool suspect = false;
  Instant at{};  // when it was
  Bytes item;
};

class QueueClient;

// What an item's acknowledgement brings to another queue.
struct Output {
  std::shared_ptr<QueueClient> queue;
  Bytes items;  // encoded, one after the other
  std::uint32_t count = 0;
};

// How far the puts of a client are.
struct Progress {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<bool> broken{false};
};

// What was put under a lease, and is to be with its owner before the lease's acknowledgement is.
struct PutMark {
  std::shared_ptr<Progress> progress;
  std::uint64_t number = 0;
  std::weak_ptr<QueueClient> client;
  Instant at{};  // the last one of them
};

// Begins the frame of a put: the item is to follow. Null: no options.
void begin_put(Writer& writer, const PutOptions* options);

enum class Appetite : std::uint8_t {
  one,    // what is asked for
  often,  // the same; once several have followed each other quickly, as a loop
  loop,   // more will be wanted: some are fetched in advance
};

class QueueClient final : public std::enable_shared_from_this<QueueClient> {
 public:
  // ---- how one comes about ----
  // Owns a queue that only handles lead to. Throws Error.
  static std::shared_ptr<QueueClient> anonymous(RuntimeCore& runtime, const Schema& schema,
                                                const QueueOptions& options);
  // Owns a queue that others find. Errors: exists, invalid_argument, those of Listener::create.
  static Result<std::shared_ptr<QueueClient>> create(RuntimeCore& runtime, const Address& address,
                                                     const Schema& schema,
                                                     const QueueOptions& options);
  // Waits until its owner is there. Errors: not_found, refused, timed_out, cancelled, …
  static Result<std::shared_ptr<QueueClient>> open(RuntimeCore& runtime, const Address& address,
                                                   const Schema& schema,
                                                   const ConnectOptions& options, bool dead,
                                                   Deadline until);
  // From a message; connects at its first use.
  static std::shared_ptr<QueueClient> at(RuntimeCore& runtime, Place place, const Schema& schema);

  QueueClient(RuntimeCore& runtime, Place place, Schema schema, ConnectOptions options,
              std::shared_ptr<Owner> owner);
  QueueClient(const QueueClient&) = delete;
  QueueClient& operator=(const QueueClient&) = delete;
  // Waits for what was put, for a while, and gives back what was taken.
  ~QueueClient();

  RuntimeCore& runtime() const noexcept { return runtime_; }
  // For a message: where others find it. Errors: system and others (it cannot be made reachable).
  Result<Place> place();
  // Its dead letters. Connects. Errors: as open.
  Result<std::shared_ptr<QueueClient>> dead_letters(const Schema& schema, Deadline until);
  // Where others find it; empty: nowhere.
  std::string address() const;
  // What people call it.
  std::string text() const;

  // ---- putting ----
  // `frame` begins with its kind; of it, `bytes` are items, `items` so many.
  Result<void> put(Encoded& frame, std::size_t bytes, std::uint32_t items, Deadline until);
  Result<void> try_put(Encoded& frame, std::size_t bytes);
  // Waits until the owner has all that was put before, or cannot write it down.
  Result<void> flush(Deadline until);
  // The same, also while it cannot.
  Result<void> settle_puts(Deadline until);
  // It hears whether the owner has what was put, though nobody calls.
  void hear_of_puts();

  // ---- taking ----
  Result<Taken> take(Deadline until, Appetite appetite);
  // For who waits elsewhere: what is here now, or why nothing will come. Nothing: it is on order.
  // Waits for the owner at the first use only.
  std::optional<Result<Taken>> try_take_ordered();
  // Finishes it: what it has brought goes first.
  Result<void> finish(const Taken& taken, std::vector<Output>& outputs, Deadline until);
  Result<void> give_back(const Taken& taken, Duration delay);
  Result<void> reject(const Taken& taken, const std::string& why);
  Result<void> extend(const Taken& taken, Duration more);
  void begin_loop();
  void end_loop();
  Duration retry_delay() const noexcept { return retry_delay_; }
  // Whether a take would not have to wait.
  bool has_received() const {
    const std::lock_guard lock{lock_};
    return !received_.empty();
  }

  // ---- asking ----
  enum class Asked : std::uint8_t { stats = 1, close = 2, join = 3 };
  Result<QueueStats> ask(Asked what, Deadline until, std::string_view text = {});
  // Items that are ready, encoded.
  Result<std::vector<Bytes>> peek(std::uint32_t at_most, Deadline until);

  // The Caretaker's: false: there is nothing to look after any more.
  bool look_after();

 private:
  friend class Interest;

  using Lock = std::unique_lock<SpinLock>;
  struct HeldAck {
    std::uint64_t number;
    std::vector<PutMark> marks;
  };

  // ---- the connection; all with lock_ held, which is let go of while they wait ----
  Result<void> ready(Lock& lock, Deadline until);
  Result<void> connect(Deadline until);
  // Until done() is true; receives meanwhile, or waits for who does.
  template <class Done>
  Result<void> wait_until(Lock& lock, const Done& done, Deadline until, const char* doing);
  Result<void> receive_once(Lock& lock, Deadline until);
  void receive_ready(Lock& lock);
  void read(const Incoming& incoming);
  Result<void> read_frame(const Incoming& incoming);
  Result<void> read_number(Frame kind, Reader& reader);
  Result<void> read_answer(Reader& reader);
  Result<void> read_shown(Reader& reader);
  Result<void> read_item(Reader& reader, const Incoming& incoming);
  Result<void> send(Lock& lock, Encoded& frame, Deadline until);
  Result<void> claim_sending(Lock& lock, Deadline until);
  Result<void> transmit(Lock& lock, Encoded& frame, Deadline until);
  Result<void> could_not_send(Lock& lock, const Error& why);
  void keep(const Encoded& frame);
  void tell_heard(Lock& lock);
  void lose_connection(const Error& why);
  Result<void> mend(Lock& lock, Deadline until);
  void take_up(Lock& lock);
  Result<void> say_again();
  void give_up(const Error& why);
  Result<QueueStats> question(Lock& lock, Asked what, Deadline until, std::string_view text = {});
  void fail(const Error& why);
  Error failure(const char* doing) const;
  void look_after_me();

  // ---- putting ----
  bool has_room(std::size_t bytes, std::uint32_t items) const noexcept;
  Result<void> get_room(Lock& lock, std::size_t bytes, std::uint32_t items, Deadline until);
  Result<void> wish(Lock& lock, std::size_t bytes, std::uint32_t items);
  void withdraw_wish(Lock& lock, Deadline until);
  Result<void> check_size(std::size_t bytes, std::uint32_t items) const;
  Error refusal(Code why) const;
  Error put_in_vain(const Error& why) const;
  Result<void> return_room(Lock& lock);
  Result<void> put_granted(Lock& lock, Encoded& frame, std::size_t bytes, std::uint32_t items,
                           Deadline until);

  // ---- taking ----
  Result<Taken> take_next(Lock& lock, Deadline until, Appetite appetite);
  Result<Taken> begin_work(Lock& lock, Taken taken);
  Result<void> order_for_takers(Lock& lock, Appetite appetite);
  std::optional<Result<Taken>> next_received(Lock& lock, Appetite appetite, bool had_to_wait);
  Result<void> await_item(Lock& lock, Appetite appetite, Deadline until);
  Result<void> await_last(Lock& lock);
  Result<Output*> emit(const Taken& taken, std::vector<Output>& outputs, Deadline until);
  std::vector<PutMark> marks_under(const Taken& taken) const;
  Result<void> replace(Lock& lock, const Taken& taken, const Output& outputs, Deadline until);
  Result<void> acknowledge(Lock& lock, const Taken& taken, std::vector<PutMark> marks);
  Result<void> part_with(const Taken& taken, Encoded frame, const char* doing);
  Result<void> order(Lock& lock, std::size_t wanted);
  Result<void> return_fetched(Lock& lock, Deadline until);
  Result<void> untake(Lock& lock);
  Result<void> open_suspect(Lock& lock, const Taken& taken);
  Result<void> flush_connection(Lock& lock);
  Result<void> send_acks(Lock& lock);
  void release_held();
  Result<void> await_marks(const std::vector<PutMark>& marks, Deadline until);
  Result<void> settle_held(Lock& lock, Deadline until);
  Result<void> give_up_unopened(Lock& lock);
  void adapt(bool had_to_wait);

  RuntimeCore& runtime_;
  const std::shared_ptr<const Caller> caller_;
  const std::uint64_t id_;  // by which its owner knows it again; 0: its connection does not break
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();

  mutable SpinLock lock_;
  fiber::Change change_;
  // Guarded by lock_.
  Connection connection_;
  bool connected_ = false;
  bool receiving_ = false;  // somebody receives, or connects
  bool sending_ = false;
  std::optional<Error> failure_;
  Duration patience_{};                      // how long it is looked for again; 0: not at all
  std::shared_ptr<const UniqueFd> process_;  // the owner's, where that can be watched
  std::shared_ptr<Redial> redial_;           // null: there is a connection
  FrameLog sent_;                            // sent, and not known to have arrived
  std::uint64_t heard_ = 0;                  // frames of the owner
  std::uint64_t heard_told_ = 0;
  std::size_t heard_bytes_ = 0;  // since that was told
  std::uint64_t queue_ = 0;
  std::size_t capacity_ = 0;
  std::size_t capacity_bytes_ = 0;
  Duration retry_delay_{};
  bool looked_after_ = false;
  std::uint64_t calls_ = 0;
  std::uint64_t calls_seen_ = 0;
  unsigned idle_looks_ = 0;

  std::size_t room_items_ = 0;
  std::size_t room_bytes_ = 0;
  std::optional<Code> refused_room_;
  std::string unwritten_;  // why its owner does not accept what is put, though it has it
  bool wished_ = false;
  std::uint64_t puts_ = 0;
  std::uint32_t want_ahead_ = 1;

  std::deque<Taken> received_;
  OpenDeliveries open_;
  std::size_t ordered_ = 0;  // that are to come
  std::size_t takers_ = 0;
  std::size_t loops_ = 0;
  std::size_t ordered_since_untake_ = 0;
  std::uint64_t untakes_ = 0;   // said
  std::uint64_t untaken_ = 0;   // how many of them the owner has answered
  std::size_t ahead_ = 1;       // how many a loop fetches
  bool fetched_ahead_ = false;  // for who takes often, and may do so no more
  std::size_t since_wait_ = 0;
  Instant last_wait_{};
  bool ended_ = false;
  std::string end_failure_;
  bool recalled_ = false;
  std::uint64_t ack_first_ = 0;
  std::uint32_t ack_count_ = 0;
  std::vector<HeldAck> held_;

  std::uint64_t last_question_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Answer>> answers_;
  std::map<std::uint64_t, std::shared_ptr<std::vector<Bytes>>> shown_;
};

}  // namespace queue
}  // namespace troupe
