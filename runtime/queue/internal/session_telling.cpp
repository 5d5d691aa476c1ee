// SPDX-License-Identifier: Apache-2.0
// What a Session has its client hear.
#include "troupe/runtime/queue/internal/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::queue {
namespace {

using transports::Progress;

// What may wait for a client that does not read; one that lets more come is let go.
constexpr std::size_t kMostOwed = 4096;

}  // namespace

bool Session::offer(transports::OutgoingFrame& frame) {
  const auto sent = transport_.try_send(frame, transports::Lane::data, transports::When::later);
  if (!sent) {
    return true;  // it is gone: the next receive tells
  }
  unflushed_ = true;
  if (*sent == Progress::would_block) {
    blocked_ = true;
    if (frame.taken == 0) {
      return false;
    }
    transport_.take_over(frame);
  }
  return true;
}

bool Session::send(const Ledger::Given& given) {
  head_.clear();
  Writer writer{head_};
  begin(writer, Frame::item);
  writer.natural(given.item->id);
  writer.natural(given.item->id - desk_.ledger.settled());
  writer.natural(given.item->attempts);
  writer.boolean(given.item->suspect);
  const std::array<std::span<const std::byte>, 2> pieces{head_.head.bytes(), given.item->bytes()};
  transports::OutgoingFrame frame{
      .pieces = pieces, .fds = {}, .size = pieces[0].size() + pieces[1].size()};
  frame.attached = pieces[1];
  if (!offer(frame)) {
    desk_.ledger.take_back(holder_);
    return false;
  }
  --credit_;
  recalled_ = false;
  return true;
}

void Session::say(const Encoded& frame) {
  if (over_) {
    return;
  }
  if (owed_.empty() && !blocked_) {
    const std::array pieces{frame.head.bytes()};
    transports::OutgoingFrame out{.pieces = pieces, .fds = {}, .size = frame.head.size()};
    if (offer(out)) {
      return;
    }
  }
  if (owed_.size() < kMostOwed) {
    owed_.push_back(frame.joined());
  } else {
    fault_ = "it does not read what it is told";
  }
}

void Session::grant(std::size_t items, std::size_t bytes) {
  wish_ = {};
  recalled_ = false;
  granted_items_ += items;
  granted_bytes_ += bytes;
  desk_.promised += items;
  desk_.promised_bytes += bytes;
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::grant);
  writer.natural(items);
  writer.natural(bytes);
  say(scratch_);
}

void Session::refuse_room(Code why) {
  wish_ = {};
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::full);
  writer.natural(static_cast<std::uint64_t>(why));
  say(scratch_);
}

void Session::end_untake() {
  if (untakes_ > 0) {
    credit_ = std::min(credit_, credit_since_untake_);
  }
  for (; untakes_ > 0; --untakes_) {
    scratch_.clear();
    Writer writer{scratch_};
    begin(writer, Frame::untaken);
    say(scratch_);
  }
}

void Session::recall() {
  if (!std::exchange(recalled_, true)) {
    scratch_.clear();
    Writer writer{scratch_};
    begin(writer, Frame::recall);
    say(scratch_);
  }
}

void Session::tell_end() {
  if (!std::exchange(end_told_, true)) {
    scratch_.clear();
    Writer writer{scratch_};
    begin(writer, Frame::end);
    writer.text(desk_.failure);
    say(scratch_);
  }
}

void Session::tell_lost(std::uint64_t number) {
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::lost);
  writer.natural(number);
  say(scratch_);
}

void Session::answer(std::uint64_t question) {
  say_answer(question, Answer{0, "", desk_.ledger.stats()});
}

void Session::answer(std::uint64_t question, const Error& error) {
  say_answer(question, Answer{static_cast<std::uint8_t>(error.code()), error.what(), {}});
}

void Session::say_answer(std::uint64_t question, const Answer& answer) {
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::answer);
  writer.natural(question);
  writer.value(answer);
  say(scratch_);
}

void Session::tell_unwritten(const std::string& why) {
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::unwritten);
  writer.text(why);
  say(scratch_);
}

void Session::welcome(const Welcome& welcome) {
  scratch_.clear();
  Writer writer{scratch_};
  begin(writer, Frame::welcome);
  writer.value(welcome);
  say(scratch_);
}

bool Session::flush(bool written) {
  const bool was_blocked = blocked_;
  if (blocked_) {
    const auto flushed = transport_.try_flush();
    blocked_ = flushed && *flushed == Progress::would_block;
  }
  while (!blocked_ && !owed_.empty()) {
    const std::array<std::span<const std::byte>, 1> pieces{owed_.front()};
    transports::OutgoingFrame frame{.pieces = pieces, .fds = {}, .size = owed_.front().size()};
    if (!offer(frame)) {
      break;
    }
    owed_.pop_front();
  }
  if (written && puts_told_ != puts_ && owed_.empty() && !blocked_) {
    puts_told_ = puts_;
    scratch_.clear();
    Writer writer{scratch_};
    begin(writer, Frame::accepted);
    writer.natural(puts_);
    say(scratch_);
  }
  if (std::exchange(unflushed_, false) && !direct_) {
    const auto flushed = transport_.try_flush();
    blocked_ = flushed && *flushed == Progress::would_block;
  }
  return was_blocked && !blocked_;
}

std::optional<transports::Readiness> Session::writable() const {
  if (!blocked_) {
    return std::nullopt;
  }
  return transport_.writable();
}

}  // namespace troupe::queue
