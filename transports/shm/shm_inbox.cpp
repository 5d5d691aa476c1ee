// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_inbox.hpp"

#include "troupe/base/os/barrier.hpp"

#include <poll.h>

#include <algorithm>
#include <string>
#include <utility>

namespace troupe::transports {

Result<std::unique_ptr<ShmInbox>> ShmInbox::create(std::shared_ptr<const ShmLink> link,
                                                   const Address& peer, std::size_t max_message,
                                                   bool greeted) {
  auto waits = link->make_waits(greeted);
  if (!waits) {
    return waits.error();
  }
  return std::unique_ptr<ShmInbox>{
      new ShmInbox{std::move(link), peer, std::move(*waits), max_message, greeted}};
}

ShmInbox::ShmInbox(std::shared_ptr<const ShmLink> link, Address peer, os::EventSet waits,
                   std::size_t max_message, bool greeted)
    : link_(std::move(link)),
      peer_(std::move(peer)),
      waits_(std::move(waits)),
      takes_part_(os::join_barriers()),
      ways_{Way{link_->segment.control_from(other(link_->side)),
                ShmReader{link_->incoming().control,
                          link_->segment.control_from(other(link_->side))}},
            Way{link_->segment.data_from(other(link_->side)),
                ShmReader{link_->incoming().data, link_->segment.data_from(other(link_->side))}}},
      receive_limit_(max_message),
      scratch_size_(std::max(ways_[0].area.capacity(), ways_[1].area.capacity()) / 4),
      plain_limit_(std::min(max_message, scratch_size_)),
      scratch_(make_raw_bytes(scratch_size_)),
      notes_(link_, greeted) {}

ShmInbox::~ShmInbox() = default;

// Other processes may hold copies of this end; the kernel knows when the last is gone, and the peer
// asks it when it sees the hint.
void ShmInbox::close() {
  link_->incoming().reader.leave();
  fds_.clear();
  notes_.close();
  detached_.clear();
  for (Way& way : ways_) {
    way.large_fds.clear();
  }
  error_ = Error{Code::closed, "this end of " + peer_.text() + " is closed"};
  unusual_ = true;
}

// ---- records -----------------------------------------------------------------------------------

void ShmInbox::give_back(Way& way) noexcept {
  way.reader.give_back();
  ShmDirection& direction = link_->incoming();
  if (direction.writer.look_for_sleeper(false) == ShmSleepWord::Found::sleeper) {
    kill_point("receive.ring");
    link_->ring_peer();
  }
  // A stride without a sleep: this end is busy.
  if (takes_part_ && !std::exchange(promised_, true) &&
      direction.writer_takes_part.load(std::memory_order_acquire) != 0) {
    direction.reader.promise();
  }
}

Result<Progress> ShmInbox::receive_otherwise(IncomingFrame& frame, std::span<std::byte> destination,
                                             From from) {
  if (error_) {
    return *error_;
  }
  frame.storage = {};
  frame.detached = {};
  detached_.clear();
  if (std::ranges::any_of(fds_, &UniqueFd::operator bool)) {
    return failed(Error{Code::malformed, "file descriptors came that no message mentions"});
  }
  fds_.clear();
  unusual_ = false;
  if (preloaded_) {
    frame.storage = *std::exchange(preloaded_, std::nullopt);
    frame.body = frame.storage.bytes();
    unusual_ = true;  // the next call clears what this one has set
    return Progress::done;
  }
  for (;;) {
    auto received = receive_next(frame, destination);
    if (!received) {
      return failed(received.error());
    }
    if (*received == Progress::done) {
      return received;
    }
    if (notes_.peer_is_gone()) {
      return failed(ended());
    }
    if (from == From::buffer || !waited_) {
      return Progress::would_block;
    }
    // Woken, and not by a message.
    woken_in_vain_ = true;
    waited_ = false;
    kill_point("receive.woken");
    if (auto heard = hear(); !heard) {
      return failed(heard.error());
    }
    if (!notes_.peer_is_gone()) {
      return Progress::would_block;
    }
    // What it wrote before it went is still there.
  }
}

// Would_block: no whole message is there.
Result<Progress> ShmInbox::receive_next(IncomingFrame& frame, std::span<std::byte> destination) {
  bool taken = true;
  while (std::exchange(taken, false)) {
    for (Way& way : ways_) {
      if (const auto record = way.reader.look()) {
        auto received = receive_record(way, *record, frame, destination);
        if (!received || *received == Progress::done) {
          return received;
        }
        taken = true;  // a piece: control records come between pieces
        break;
      }
      if (way.reader.is_broken()) {
        return shm_broken("receive");
      }
    }
  }
  return Progress::would_block;
}

// Would_block: a piece of a message that is not whole yet.
Result<Progress> ShmInbox::receive_record(Way& way, const ShmReader::Record& record,
                                          IncomingFrame& frame, std::span<std::byte> destination) {
  const RecordHeader& header = record.header;
  if (header.kind == Kind::first || header.kind == Kind::more) {
    return receive_piece(way, record, frame, destination);
  }
  if (way.large.active() || header.size > scratch_size_) {
    return shm_broken("receive");
  }
  if (header.descriptors > 0) {
    if (auto taken = notes_.take_descriptors(lane_of(way), header.descriptors, fds_); !taken) {
      return taken.error();
    }
    unusual_ = true;
  }
  if (header.kind == Kind::loaned) {
    return receive_loaned(way, record, frame, destination);
  }
  if (header.kind != Kind::message) {
    return shm_broken("receive");
  }
  if (header.size > receive_limit_) {
    return above_limit(header.size);
  }
  frame.body = copy_out(way, record, destination);
  kill_point("receive.copied");
  take(way, record);
  return Progress::done;
}

Result<Progress> ShmInbox::receive_piece(Way& way, const ShmReader::Record& record,
                                         IncomingFrame& frame, std::span<std::byte> destination) {
  std::span<const std::byte> piece{way.area.at(record.offset), record.header.size};
  if (record.header.kind == Kind::first) {
    std::uint64_t size = 0;
    if (way.large.active() || piece.size() < sizeof size) {
      return shm_broken("receive");
    }
    std::memcpy(&size, piece.data(), sizeof size);
    piece = piece.subspan(sizeof size);
    if (size > receive_limit_) {
      return above_limit(size);
    }
    if (piece.size() > size || size == 0) {
      return shm_broken("receive");
    }
    if (record.header.descriptors > 0) {
      if (auto taken =
              notes_.take_descriptors(lane_of(way), record.header.descriptors, way.large_fds);
          !taken) {
        return taken.error();
      }
    }
    way.large.begin(size, piece, destination);
  } else {
    // Of pieces that bring nothing there could be a ring full, and one that never ends.
    if (!way.large.active() || piece.empty() || piece.size() > way.large.missing() ||
        record.header.descriptors > 0) {
      return shm_broken("receive");
    }
    while (!piece.empty()) {
      const auto room = way.large.room();
      const std::size_t now = std::min(room.size(), piece.size());
      std::memcpy(room.data(), piece.data(), now);
      way.large.added(now);
      piece = piece.subspan(now);
    }
  }
  take(way, record);
  kill_point("piece.taken");
  if (!way.large.complete()) {
    return Progress::would_block;
  }
  frame.body = way.large.finish(frame.storage);
  fds_ = std::exchange(way.large_fds, {});
  unusual_ = !fds_.empty() || !frame.storage.empty();
  return Progress::done;
}

void ShmInbox::leave_destination() {
  for (Way& way : ways_) {
    way.large.leave_destination();
  }
}

// ---- waiting -----------------------------------------------------------------------------------

bool ShmInbox::has_record() noexcept {
  return std::ranges::any_of(
      ways_, [](Way& way) { return way.reader.look().has_value() || way.reader.is_broken(); });
}

// What the peer has said meanwhile; nobody is woken for that, but for its end and its greeting.
Result<void> ShmInbox::hear() {
  const bool greeted = notes_.greeted();
  auto heard = notes_.hear_all();
  if (notes_.greeted() && !greeted) {
    waits_.ignore_input(link_->socket.get());
  }
  return heard;
}

// Who cannot has promised nothing.
void ShmInbox::make_visible() const noexcept {
  if (takes_part_) {
    os::make_all_visible();
  }
}

bool ShmInbox::arm() {
  if (error_ || notes_.peer_is_gone() || preloaded_ || has_record()) {
    return true;
  }
  if (!notes_.greeted()) [[unlikely]] {
    if (auto heard = hear(); !heard) {
      failed(heard.error());
    }
    if (error_ || notes_.peer_is_gone()) {
      return true;
    }
  }
  const auto make_all_visible = [this] { make_visible(); };
  ShmSleepWord& sleep = link_->incoming().reader;
  // Who polls the set does not take what it reports; a bell that is rung from here on must stay.
  if (std::exchange(woken_in_vain_, false)) {
    waits_.take();
  }
  sleep.lie_down(make_all_visible);
  promised_ = false;
  kill_point("receive.lain_down");
  if (has_record()) {
    sleep.get_up(make_all_visible);
    return true;
  }
  waited_ = true;
  return false;
}

Readiness ShmInbox::readable() const noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): whoever waits takes what was reported
  return {waits_.fd(), POLLIN, const_cast<os::EventSet*>(&waits_)};
}

// ---- both --------------------------------------------------------------------------------------

Result<void> ShmInbox::can_leave() const {
  if (std::ranges::any_of(fds_, &UniqueFd::operator bool) || !notes_.empty() ||
      std::ranges::any_of(ways_, [](const Way& way) { return way.large.active(); })) {
    return Error{Code::refused, "a message is being received; receive it first"};
  }
  return {};
}

void ShmInbox::leave() const noexcept {
  for (const Way& way : ways_) {
    way.reader.leave_position();
  }
  // The next process has promised nothing.
  link_->incoming().reader.get_up([this] { make_visible(); });
}

void ShmInbox::preload(Buffer message) {
  preloaded_ = std::move(message);
  unusual_ = true;
}

Error ShmInbox::failed(const Error& error) {
  error_ = error.within("receive from " + peer_.text());
  unusual_ = true;
  return *error_;
}

Error ShmInbox::above_limit(std::uint64_t size) const {
  return {Code::malformed, "a message of " + std::to_string(size) + " bytes, above the limit of " +
                               std::to_string(receive_limit_) + " (ConnectOptions::max_message)"};
}

Error ShmInbox::ended() {
  const bool inside = std::ranges::any_of(ways_, [](const Way& way) { return way.large.active(); });
  const std::string how = link_->end_of_peer();
  return inside ? Error{Code::malformed, "the connection ended inside a message: " + how}
                : Error{Code::closed, how};
}

}  // namespace troupe::transports
