// SPDX-License-Identifier: Apache-2.0
#pragma once

// Session: one client of a queue, as its owner sees it: what it says is brought to the ledger of
// its desk, what it is to hear waits here until the connection takes it. A client that may come
// again is away when its connection breaks: then this stays as it is, and goes on over the next
// connection. Never blocks. The owner thread's.

#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/queue/frame_log.hpp"
#include "troupe/runtime/queue/internal/ledger.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace troupe::queue {

class Session;

// One ledger, and who of its clients waits for what.
struct Desk {
  explicit Desk(QueueOptions options, Journal* journal = nullptr)
      : ledger(std::move(options), journal) {}

  Ledger ledger;
  std::size_t promised = 0;  // items that clients have been granted room for
  std::size_t promised_bytes = 0;
  std::deque<Session*> hungry;   // want deliveries
  std::deque<Session*> wanting;  // want room
  // With the number of the question.
  std::vector<std::pair<Session*, std::uint64_t>> asking;
  std::vector<std::pair<Session*, std::uint64_t>> joining;
  std::string failure;                     // why it was closed, where that was no end in order
  Instant patience_ends = Instant::max();  // when who waits is next to get what others do not use

  bool ended() const noexcept { return ledger.ended() && promised == 0; }
};

class Session final {
 public:
  // `process`: the client's, where that can be watched. `here`: it is the owner's own.
  Session(Connection connection, Desk& desk, std::uint64_t client, UniqueFd process, bool here);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  Desk& desk() const noexcept { return desk_; }
  Holder& holder() noexcept { return holder_; }

  // Takes what has come, a fair share of it. True: there was something.
  bool receive(Instant now);
  // Why it is over, once it is: nothing of it is to be touched any more but its destructor.
  bool over() const noexcept { return over_; }
  // What was wrong with what it said; empty: nothing.
  const std::string& fault() const noexcept { return fault_; }

  // ---- connections that break ----
  // 0: of a client that does not come again.
  std::uint64_t client() const noexcept { return client_; }
  bool is_away() const noexcept { return away_; }
  Instant away_since() const noexcept { return away_since_; }
  // Readable once its process has ended; -1: that cannot be watched.
  int process() const noexcept { return process_.get(); }
  bool process_has_ended() const noexcept { return has_ended(process_); }
  void leave(Instant now);
  // It is here again, and has read `heard` frames. False: that cannot be.
  bool come_back(Connection connection, const Welcome& welcome, std::uint64_t heard, Instant now);
  void end(std::string fault, Instant now, bool in_order);

  // ---- what the owner does for it ----
  bool wants_items() const noexcept { return credit_ > 0 && !blocked_ && owed_.empty(); }
  // False: the connection takes no more, and the ledger has the item back.
  bool send(const Ledger::Given& given);
  const Wish& wish() const noexcept { return wish_; }
  // Since when it has waited for what it wants.
  Instant starving_since() const noexcept { return starving_since_; }
  Instant wanting_since() const noexcept { return wanting_since_; }
  bool starves() const noexcept { return wants_items() && holder_.in_work() == 0; }
  void grant(std::size_t items, std::size_t bytes);
  void refuse_room(Code why);
  bool may_give_room() const noexcept { return granted_items_ > 0; }
  bool may_give_items() const noexcept { return holder_.in_work() > 1; }
  void recall();
  void tell_end();
  void tell_lost(std::uint64_t number);
  void answer(std::uint64_t question);
  void answer(std::uint64_t question, const Error& error);
  // Why what it put is not accepted yet; empty: it is from now on.
  void tell_unwritten(const std::string& why);
  void welcome(Welcome welcome);
  void say_gone(bool written);
  // What it no longer wants it has been given by now, or will not be.
  void end_untake();
  // At the end of a turn: all that it is to hear leaves, as far as it may. `written`: also that its
  // puts are accepted. True: it may hear more now than in this turn.
  bool flush(bool written);

  // ---- waiting ----
  bool is_direct() const noexcept { return direct_; }
  bool is_here() const noexcept { return here_; }
  // True: something has come already.
  bool arm() { return transport_->arm_receive(); }
  transports::Readiness readable() const noexcept { return transport_->readable(); }
  std::optional<transports::Readiness> writable() const;
  bool hot = false;  // it may have more to say: the owner's mark

 private:
  Result<void> read(const transports::IncomingFrame& frame, Instant now);
  Result<void> read_delivery(Frame kind, Reader& reader, Instant now);
  Result<void> read_ack(std::uint64_t first, Reader& reader);
  Result<void> read_give_back(std::uint64_t number, Reader& reader, Instant now);
  Result<bool> read_change(Frame kind, std::uint64_t number, Reader& reader, Instant now);
  Result<void> read_put(Frame kind, Reader& reader, const Incoming& incoming, Instant now);
  Result<void> read_emit(Reader& reader, Instant now);
  Result<void> read_wish(Frame kind, Reader& reader, Instant now);
  Result<void> read_question(Reader& reader);
  Result<void> read_heard(Reader& reader);
  Result<void> read_peek(Reader& reader);
  // Of what it was granted.
  Result<void> use_room(std::size_t items, std::size_t bytes);
  void give_room_back(std::size_t items, std::size_t bytes) noexcept;
  void keep(std::span<const std::span<const std::byte>> pieces);
  void say(const Encoded& frame);
  void say_uncounted(const Encoded& frame);
  void tell_heard();
  void say_answer(std::uint64_t question, const Answer& answer);
  bool offer(transports::OutgoingFrame& frame);

  Connection connection_;
  transports::FrameConnection* transport_;
  Desk& desk_;
  bool direct_;
  const bool here_;
  const std::uint64_t client_;
  const UniqueFd process_;
  FrameLog told_;            // what it was told, and may not have heard
  std::uint64_t heard_ = 0;  // frames of it
  std::uint64_t heard_told_ = 0;
  std::size_t heard_bytes_ = 0;  // since that was told
  bool away_ = false;
  Instant away_since_{};
  Holder holder_;
  std::uint64_t puts_ = 0;
  std::uint64_t puts_told_ = 0;
  Wish wish_;
  Instant wanting_since_{};
  Instant starving_since_{};
  std::size_t granted_items_ = 0;
  std::size_t granted_bytes_ = 0;
  std::size_t credit_ = 0;
  std::size_t credit_since_untake_ = 0;
  std::uint32_t untakes_ = 0;  // not answered yet
  bool hungry_listed_ = false;
  bool wanting_listed_ = false;
  bool recalled_ = false;
  bool end_told_ = false;
  bool blocked_ = false;
  bool over_ = false;
  bool unflushed_ = false;
  std::string fault_;
  std::deque<Bytes> owed_;  // what the connection did not take yet
  Encoded scratch_;
  Encoded head_;

  friend class Owner;
};

}  // namespace troupe::queue
