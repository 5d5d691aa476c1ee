// SPDX-License-Identifier: Apache-2.0
// What an Owner does in each turn for those who wait at a desk.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace troupe::queue {
namespace {

// What one client may be granted at once, so that no other one starves.
constexpr std::size_t kMostGrant = 1024;
// Who waits so long gets what others do not use.
constexpr Duration kPatience = std::chrono::milliseconds{2};

}  // namespace

void Owner::bury_dead() {
  for (Ledger::Dead& each : items_.ledger.take_dead()) {
    dead_item_.clear();
    Writer writer{dead_item_};
    writer.array(3);
    writer.encoded(each.item->bytes());
    writer.natural(each.item->attempts);
    writer.text(each.reason);
    runtime_.log().write(LogLevel::warning,
                         "an item of queue " + name_ + " is a dead letter now: " + each.reason);
    (void)dead_.ledger.put(Item::make(dead_item_.head.bytes()), Duration{}, now_);
  }
}

// Nobody hears of anything before it is written; so all that this turn may tell is written first,
// in one commit.
void Owner::write_down() {
  if (archive_ == nullptr) {
    return;
  }
  const bool was_written = is_written();
  if (was_written) {
    announce();
  }
  archive_->commit(items_, dead_, now_);
  if (is_written() == was_written) {
    return;
  }
  if (is_written()) {
    announce();
    archive_->commit(items_, dead_, now_);
  }
  runtime_.log().write(
      LogLevel::warning,
      "queue " + name_ +
          (was_written ? " takes nothing, until it can be written: " + archive_->failure()
                       : " is written again"));
  for (const auto& session : sessions_) {
    session->tell_unwritten(archive_->failure());
  }
}

// What is about to be handed out.
void Owner::announce() {
  for (Desk* const desk : {&items_, &dead_}) {
    std::size_t wanted = 0;
    bool here = false;
    for (const Session* const session : desk->hungry) {
      wanted += session->wants_items() ? session->credit_ : 0;
      here |= session->wants_items() && session->is_here();
    }
    desk->ledger.announce(wanted, here, now_);
  }
}

void Owner::serve_desks() {
  if (!is_written()) {
    refuse_wishes(items_);
    refuse_wishes(dead_);
    return;
  }
  for (Desk* const desk : {&items_, &dead_}) {
    grant(*desk);
    dispatch(*desk);
    recall(*desk);
    answer(*desk);
  }
  if (items_.ended()) {
    tell_ends(items_);
    dead_.ledger.close();
  }
  if (dead_.ended()) {
    tell_ends(dead_);
  }
}

// The disk has no room: as if the queue had none.
void Owner::refuse_wishes(Desk& desk) {
  desk.patience_ends = Instant::max();
  for (const auto& [session, question] : std::exchange(desk.asking, {})) {
    session->answer(question, Error{Code::overloaded, archive_->failure()});
  }
  if (options_.when_full == WhenFull::wait) {
    return;
  }
  for (Session* const session : std::exchange(desk.wanting, {})) {
    session->wanting_listed_ = false;
    session->refuse_room(Code::overloaded);
  }
}

void Owner::grant(Desk& desk) const {
  const bool bounded =
      options_.when_full == WhenFull::wait || options_.when_full == WhenFull::refuse;
  while (!desk.wanting.empty()) {
    Session& session = *desk.wanting.front();
    const Wish& wish = session.wish();
    if (wish.items > 0 && desk.ledger.closed()) {
      session.refuse_room(Code::closed);
    } else if (wish.least_items > options_.capacity || wish.least_bytes > options_.capacity_bytes) {
      session.refuse_room(
          Code::invalid_argument);  // none of ours: it would stand before all others
    } else if (wish.items > 0) {
      const std::size_t room = bounded ? desk.ledger.room(desk.promised) : options_.capacity;
      const std::size_t bytes =
          bounded ? desk.ledger.room_bytes(desk.promised_bytes) : options_.capacity_bytes;
      if (room < wish.least_items || bytes < wish.least_bytes) {
        if (options_.when_full != WhenFull::refuse) {
          return;  // it is first when there is room
        }
        session.refuse_room(Code::overloaded);
      } else {
        const std::size_t share = std::min(room / (desk.wanting.size() + 1), kMostGrant);
        session.grant(std::clamp<std::size_t>(wish.items, wish.least_items,
                                              std::max<std::size_t>(wish.least_items, share)),
                      std::clamp<std::size_t>(wish.bytes, wish.least_bytes, bytes));
      }
    }
    session.wanting_listed_ = false;
    desk.wanting.pop_front();
  }
}

void Owner::dispatch(Desk& desk) {
  std::size_t in_vain = 0;
  while (in_vain < desk.hungry.size() && desk.ledger.has_ready(now_)) {
    Session& session = *desk.hungry.front();
    desk.hungry.pop_front();
    const auto given =
        session.wants_items() ? desk.ledger.give(session.holder(), now_) : std::nullopt;
    in_vain = given && session.send(*given) ? 0 : in_vain + 1;
    if (session.credit_ > 0) {
      desk.hungry.push_back(&session);
    } else {
      session.hungry_listed_ = false;
    }
  }
}

// Where some have waited for a while for what others have and may not use.
void Owner::recall(Desk& desk) {
  desk.patience_ends = Instant::max();
  const auto has_waited = [&](Instant since) {
    const Instant enough = since + kPatience;
    if (enough > now_) {
      desk.patience_ends = std::min(desk.patience_ends, enough);
    }
    return enough <= now_;
  };
  bool want_room = desk.ledger.closed();
  if (!desk.wanting.empty()) {
    want_room |= has_waited(desk.wanting.front()->wanting_since());
  }
  bool want_items = false;
  for (const Session* const session : desk.hungry) {
    want_items |= session->starves() && has_waited(session->starving_since());
  }
  if (!want_items && !want_room) {
    return;
  }
  for (const auto& session : sessions_) {
    if (&session->desk() == &desk &&
        ((want_room && session->may_give_room()) || (want_items && session->may_give_items()))) {
      session->recall();
    }
  }
}

void Owner::answer(Desk& desk) {
  auto answered = std::exchange(desk.asking, {});
  if (desk.ledger.idle()) {
    std::ranges::move(std::exchange(desk.joining, {}), std::back_inserter(answered));
  }
  for (const auto& [session, question] : answered) {
    session->answer(question);
  }
}

void Owner::tell_ends(Desk& desk) {
  for (const auto& session : sessions_) {
    if (&session->desk() == &desk) {
      session->tell_end();
    }
  }
}

void Owner::end_overdue() {
  if (now_ < overdue_at_) {
    return;
  }
  for (const auto& session : sessions_) {
    session->desk().ledger.end_overdue(session->holder(), now_,
                                       [&](std::uint64_t number) { session->tell_lost(number); });
  }
  overdue_at_ = now_ + std::clamp<Duration>(options_.max_hold / 8, std::chrono::milliseconds{1},
                                            std::chrono::seconds{1});
}

}  // namespace troupe::queue
