// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_outbox.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/barrier.hpp"
#include "troupe/transports/stream/fd_messages.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace troupe::transports {
namespace {

// The reader copies one piece while the writer copies the next.
constexpr std::size_t kPiece = 16U << 10U;

// Copies `count` bytes of the frame from its byte `from` on.
void copy_part(const OutgoingFrame& frame, std::size_t from, std::size_t count,
               std::byte* place) noexcept {
  for (const auto& piece : frame.pieces) {
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    const std::size_t now = std::min(count, piece.size() - from);
    std::memcpy(place, piece.data() + from, now);
    place += now;
    count -= now;
    from = 0;
    if (count == 0) {
      return;
    }
  }
}

}  // namespace

ShmOutbox::ShmOutbox(std::shared_ptr<const ShmLink> link, const Setup& setup)
    : link_(std::move(link)),
      setup_(setup),
      arena_(std::make_shared<LoanArena>(link_, setup.loans, setup.lent_from)),
      takes_part_(os::join_barriers()),
      ways_{Way{link_->segment.control_from(link_->side),
                ShmWriter{link_->outgoing().control, link_->segment.control_from(link_->side)}},
            Way{link_->segment.data_from(link_->side),
                ShmWriter{link_->outgoing().data, link_->segment.data_from(link_->side)}}} {
  link_->outgoing().writer_process.store(static_cast<std::uint32_t>(::getpid()),
                                         std::memory_order_relaxed);
  link_->outgoing().writer_takes_part.store(takes_part_ ? 1 : 0, std::memory_order_release);
  decide_plain();
}

ShmOutbox::~ShmOutbox() = default;

void ShmOutbox::close() noexcept {
  error_ = Error{Code::closed, "this end of " + setup_.peer.text() + " is closed"};
  for (Way& way : ways_) {
    way.begun = nullptr;
    way.rest.clear();
    way.rest_sent = 0;
  }
  waits_.reset();
  decide_plain();
}

// Line ends have to be looked for, and what is pending goes first.
void ShmOutbox::decide_plain() noexcept {
  const bool plain =
      setup_.framing != Framing::lines && !error_ &&
      std::ranges::all_of(ways_, [](const Way& way) { return way.rest.empty() && !way.begun; });
  for (Way& way : ways_) {
    way.plain_end = plain ? std::min(way.writer.most_content(), setup_.max_message) + 1 : 0;
  }
}

void ShmOutbox::copy_all(const OutgoingFrame& frame, std::byte* place) noexcept {
  for (const auto& piece : frame.pieces) {
    if (!piece.empty()) {
      std::memcpy(place, piece.data(), piece.size());
      place += piece.size();
    }
  }
}

Result<Progress> ShmOutbox::wake(ShmSleepWord::Found found) {
  if (found == ShmSleepWord::Found::sleeper) {
    kill_point("send.ring");
    link_->ring_peer();
  } else if (link_->peer_is_gone()) {
    return ended();
  }
  return Progress::done;
}

Result<void> ShmOutbox::check_sendable(const OutgoingFrame& frame) const {
  if (error_) {
    return *error_;
  }
  if (frame.size > setup_.max_message) {
    return Error{Code::invalid_argument,
                 "send to " + setup_.peer.text() + ": a message of " + std::to_string(frame.size) +
                     " bytes is above the limit of " + std::to_string(setup_.max_message) +
                     " (ConnectOptions::max_message)"};
  }
  if (setup_.framing == Framing::lines) {
    for (const auto& piece : frame.pieces) {
      if (std::ranges::find(piece, std::byte{'\n'}) != piece.end()) {
        return Error{Code::invalid_argument,
                     "send to " + setup_.peer.text() +
                         ": a message of framing=lines cannot contain a line end"};
      }
    }
  }
  return {};
}

// Every message that is not simply a record; and every one that finds no room.
Result<Progress> ShmOutbox::send_otherwise(OutgoingFrame& frame, Lane lane) {
  Way& way = ways_[static_cast<std::size_t>(lane)];
  auto sent = send_by(way, frame);
  if (sent && *sent == Progress::would_block && lane == Lane::control && way.begun == &frame) {
    take_over(frame);  // a control message waits for nobody once it has begun
    *sent = Progress::done;
  }
  frame.buffered = buffered();
  return sent;
}

Result<Progress> ShmOutbox::send_by(Way& way, OutgoingFrame& frame) {
  socket_is_full_ = false;
  if (frame.taken == 0) {
    if (auto sendable = check_sendable(frame); !sendable) {
      return sendable.error();
    }
    if (way.begun != nullptr) {
      return Progress::would_block;
    }
    auto flushed = flush_rest(way);
    if (!flushed || *flushed == Progress::would_block) {
      return flushed;
    }
    auto loaned = send_loaned(frame, way);
    if (!loaned) {
      return loaned.error();
    }
    if (*loaned) {
      return **loaned;
    }
    if (frame.size <= way.writer.most_content()) {
      const auto place = room_for(way, frame.size);
      if (!place) {
        return place.error();
      }
      if (!*place) {
        return Progress::would_block;
      }
      copy_all(frame, way.area.at(**place));
      kill_point("send.copied");
      const auto count = static_cast<std::uint8_t>(frame.fds.size());
      auto sent = send_descriptors(way, frame.fds);
      if (!sent || *sent == Progress::would_block) {
        return sent;
      }
      return publish(way, {static_cast<std::uint32_t>(frame.size), Kind::message, count});
    }
  }
  return error_ ? Result<Progress>{*error_} : send_pieces(frame, way);
}

// Where a record's content goes, or nothing while the reader is slow: it will ring.
Result<std::optional<std::size_t>> ShmOutbox::room_for(Way& way, std::size_t content) {
  auto place = way.writer.prepare(content);
  if (!place && !way.writer.is_broken()) {
    if (auto lying = lie_down(); !lying) {
      return lying.error();
    }
    place = way.writer.prepare(content);
    if (place || way.writer.is_broken()) {
      get_up();
    } else if (link_->peer_is_gone()) {
      return ended();
    } else {
      refused_ = true;
    }
  }
  if (way.writer.is_broken()) {
    return failed(shm_broken("send"));
  }
  return place;
}

// The reader rings from now on when it gives something back: to be followed by a last look.
Result<void> ShmOutbox::lie_down() {
  if (!waits_) {
    auto made = link_->make_waits(true);
    if (!made) {
      return made.error().within("wait to send to " + setup_.peer.text());
    }
    waits_ = std::move(*made);
  }
  kill_point("send.no_room");
  // What woke us before; a bell that is rung from here on must stay.
  waits_->take();
  link_->outgoing().writer.lie_down([] {});
  kill_point("send.lain_down");
  return {};
}

// Who has found room may be another than who waits for some, such as one that flushes what was
// left: the waiter's bell may have been taken by lying down, and its sleep ends here.
void ShmOutbox::get_up() noexcept {
  link_->outgoing().writer.get_up([] {});
  if (std::exchange(refused_, false)) {
    link_->ring_self();
  }
}

template <class Fd>
Result<Progress> ShmOutbox::say(ShmNote note, std::span<Fd> fds) {
  iovec piece{&note, sizeof note};
  const auto sent = send_with_fds(link_->socket.get(), {&piece, 1}, fds);
  if (!sent) {
    // Where the link is whole, this message alone is at fault.
    return sent.error() == Code::disconnected ? failed(sent.error())
                                              : sent.error().within(setup_.peer.text());
  }
  socket_is_full_ = sent->status == Transfer::Status::would_block;
  return socket_is_full_ ? Progress::would_block : Progress::done;
}

Result<Progress> ShmOutbox::tell_news() {
  while (const auto news = arena_->next_news()) {
    auto said = say(news->note, std::span{&news->fd, news->fd >= 0 ? 1U : 0U});
    if (!said || *said == Progress::would_block) {
      return said;
    }
    arena_->announced();
    kill_point("grow.told");
  }
  return Progress::done;
}

// Before the record that mentions them is published; they are moved from.
Result<Progress> ShmOutbox::send_descriptors(const Way& way, std::span<UniqueFd> fds) {
  if (fds.empty()) {
    return Progress::done;
  }
  auto said = say({.kind = ShmNote::Kind::descriptors,
                   .count = static_cast<std::uint8_t>(fds.size()),
                   .id = static_cast<std::uint32_t>(&way - ways_.data())},
                  fds);
  kill_point("send.descriptors");
  return said;
}

Result<Progress> ShmOutbox::send_pieces(OutgoingFrame& frame, Way& way) {
  const std::size_t most = std::min(way.writer.most_content(), kPiece);
  while (frame.taken < frame.size) {
    const std::size_t head = frame.taken == 0 ? sizeof(std::uint64_t) : 0;
    const std::size_t now = std::min(frame.size - frame.taken, most - head);
    const auto place = room_for(way, head + now);
    if (!place) {
      return place.error();
    }
    if (!*place) {
      return Progress::would_block;
    }
    std::byte* at = way.area.at(**place);
    RecordHeader header{static_cast<std::uint32_t>(head + now), Kind::more};
    if (head > 0) {
      const std::uint64_t size = frame.size;
      std::memcpy(at, &size, sizeof size);
      at += sizeof size;
      header.kind = Kind::first;
      header.descriptors = static_cast<std::uint8_t>(frame.fds.size());
      auto sent = send_descriptors(way, frame.fds);
      if (!sent || *sent == Progress::would_block) {
        return sent;
      }
      way.begun = &frame;
      decide_plain();
    }
    copy_part(frame, frame.taken, now, at);
    kill_point("piece.copied");
    frame.taken += now;
    if (auto published = publish(way, header); !published) {
      return published;
    }
  }
  way.begun = nullptr;
  decide_plain();
  return Progress::done;
}

void ShmOutbox::take_over(OutgoingFrame& frame) {
  const auto way = std::ranges::find(ways_, &frame, &Way::begun);
  TROUPE_CHECK(way != ways_.end() && frame.taken > 0);
  way->rest.resize(frame.size - frame.taken);
  copy_part(frame, frame.taken, way->rest.size(), way->rest.data());
  way->rest_sent = 0;
  way->begun = nullptr;
  decide_plain();
}

Result<Progress> ShmOutbox::flush_rest(Way& way) {
  const std::size_t most = std::min(way.writer.most_content(), kPiece);
  while (way.rest_sent < way.rest.size()) {
    const std::size_t now = std::min(way.rest.size() - way.rest_sent, most);
    const auto place = room_for(way, now);
    if (!place) {
      return place.error();
    }
    if (!*place) {
      return Progress::would_block;
    }
    std::memcpy(way.area.at(**place), way.rest.data() + way.rest_sent, now);
    way.rest_sent += now;
    if (auto sent = publish(way, {static_cast<std::uint32_t>(now), Kind::more}); !sent) {
      return sent;
    }
  }
  if (!way.rest.empty()) {
    way.rest = {};
    way.rest_sent = 0;
    decide_plain();
  }
  return Progress::done;
}

Result<Progress> ShmOutbox::try_flush() {
  if (error_) {
    return *error_;
  }
  for (Way& way : ways_) {
    auto flushed = flush_rest(way);
    if (!flushed || *flushed == Progress::would_block) {
      return flushed;
    }
  }
  return Progress::done;
}

std::size_t ShmOutbox::buffered() const noexcept {
  std::size_t bytes = 0;
  for (const Way& way : ways_) {
    bytes += way.rest.size() - way.rest_sent;
  }
  return bytes;
}

Readiness ShmOutbox::writable() const noexcept {
  if (socket_is_full_ || !waits_) {
    return {link_->socket.get(), POLLOUT};
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): whoever waits takes what was reported
  return {waits_->fd(), POLLIN, const_cast<os::EventSet*>(&*waits_)};
}

// ---- both --------------------------------------------------------------------------------------

Result<void> ShmOutbox::prepare_to_leave() {
  if (buffered() > 0 || std::ranges::any_of(ways_, [](const Way& way) { return way.begun; })) {
    return Error{Code::refused, "sent messages are still buffered here; flush first"};
  }
  if (!arena_->retire_all()) {
    return Error{Code::refused, "memory that was lent by it is still in use"};
  }
  const auto told = tell_news();
  if (!told) {
    return told.error();
  }
  return *told == Progress::done ? Result<void>{}
                                 : Error{Code::refused, "the peer does not receive"};
}

void ShmOutbox::leave() const noexcept {
  for (const Way& way : ways_) {
    way.writer.leave_position();
  }
}

// What was sent before may have been received or not.
Error ShmOutbox::ended() {
  return failed({Code::disconnected, "send: " + link_->end_of_peer(), Effect::unknown});
}

Error ShmOutbox::failed(const Error& error) {
  error_ = error.within(setup_.peer.text());
  decide_plain();
  return *error_;
}

}  // namespace troupe::transports
