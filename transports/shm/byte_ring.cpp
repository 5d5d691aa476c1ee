// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/byte_ring.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::transports {
namespace {

// More bytes than this are published in turns, so that the reader copies while the writer does.
constexpr std::size_t kTurn = 64U << 10U;

// The bytes from `position` on, at most `size`, in one piece.
template <class Byte>
std::span<Byte> place_of(std::span<Byte> area, std::uint64_t position, std::size_t size) noexcept {
  const std::size_t offset = position & (area.size() - 1);
  return area.subspan(offset, std::min(size, area.size() - offset));
}

// Goes through the memory that iovecs describe.
class Cursor final {
 public:
  explicit Cursor(std::span<const iovec> pieces) noexcept : pieces_(pieces) { skip_empty(); }

  bool at_end() const noexcept { return pieces_.empty(); }
  // What comes next, at most `size`.
  std::span<std::byte> next(std::size_t size) const noexcept {
    const iovec& front = pieces_.front();
    return {static_cast<std::byte*>(front.iov_base) + offset_,
            std::min(size, front.iov_len - offset_)};
  }
  void advance(std::size_t size) noexcept {
    offset_ += size;
    skip_empty();
  }

 private:
  void skip_empty() noexcept {
    while (!pieces_.empty() && offset_ == pieces_.front().iov_len) {
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const iovec> pieces_;
  std::size_t offset_ = 0;
};

bool change(std::atomic<std::uint32_t>& side, RingState::Side from, RingState::Side to) noexcept {
  std::uint32_t expected = from;
  return side.compare_exchange_strong(expected, to, std::memory_order_seq_cst);
}

// Whether the other side was so; it is awake from now on.
bool take(std::atomic<std::uint32_t>& side, RingState::Side state) noexcept {
  return side.load(std::memory_order_seq_cst) == state && change(side, state, RingState::awake);
}

}  // namespace

// ---- writing -----------------------------------------------------------------------------------

RingWriter::RingWriter(RingState& state, std::span<std::byte> area) noexcept
    : state_(state),
      area_(area),
      written_(state.written.load(std::memory_order_relaxed)),
      read_(state.read.load(std::memory_order_acquire)) {
  broken_ = written_ - read_ > area_.size();
}

// Looks how far the reader is. False: somewhere that it cannot be.
bool RingWriter::fetch_room() noexcept {
  // Seq_cst with arm(); it acquires as well: the reader is done with what it gives back.
  const std::uint64_t read = state_.read.load(std::memory_order_seq_cst);
  broken_ = broken_ || written_ - read > area_.size() || read - read_ > area_.size();
  read_ = read;
  return !broken_;
}

std::size_t RingWriter::room() noexcept {
  if (written_ - read_ == area_.size() && !fetch_room()) {
    return 0;
  }
  return area_.size() - static_cast<std::size_t>(written_ - read_);
}

std::size_t RingWriter::write(std::span<const iovec> pieces) noexcept {
  std::size_t moved = 0;
  std::size_t unpublished = 0;
  for (Cursor from{pieces}; !from.at_end() && written_ - read_ < area_.size();) {
    const auto to = place_of(area_, written_, std::min(area_.size() - (written_ - read_), kTurn));
    const auto piece = from.next(to.size());
    std::memcpy(to.data(), piece.data(), piece.size());
    from.advance(piece.size());
    written_ += piece.size();
    moved += piece.size();
    unpublished += piece.size();
    if (unpublished >= kTurn) {
      state_.written.store(written_, std::memory_order_release);
      unpublished = 0;
    }
  }
  // Releases the bytes; seq_cst with the reader's arm().
  state_.written.store(written_, std::memory_order_seq_cst);
  return moved;
}

bool RingWriter::take_sleeper() noexcept {
  return take(state_.reader, RingState::asleep);
}

bool RingWriter::arm() noexcept {
  state_.writer.store(RingState::asleep, std::memory_order_seq_cst);  // over a hint, too
  return fetch_room() && written_ - read_ == area_.size();
}

void RingWriter::count_descriptor_send() noexcept {
  // Published by the next store to `written`.
  state_.descriptor_sends.fetch_add(1, std::memory_order_relaxed);
}

void RingWriter::leave() noexcept {
  change(state_.writer, RingState::awake, RingState::leaving);  // not over a copy's sleep
}

bool RingWriter::take_leaving() noexcept {
  return take(state_.reader, RingState::leaving);
}

// ---- reading -----------------------------------------------------------------------------------

RingReader::RingReader(RingState& state, std::span<const std::byte> area) noexcept
    : state_(state),
      area_(area),
      written_(state.read.load(std::memory_order_relaxed)),
      read_(written_),
      descriptor_receives_(state.descriptor_receives.load(std::memory_order_relaxed)) {}

std::size_t RingReader::available() noexcept {
  if (written_ == read_) {
    // Acquires the bytes; seq_cst with the writer's take_sleeper().
    const std::uint64_t written = state_.written.load(std::memory_order_seq_cst);
    if (written - read_ > area_.size()) {
      broken_ = true;
      return 0;
    }
    written_ = written;
  }
  return static_cast<std::size_t>(written_ - read_);
}

std::size_t RingReader::read(std::span<const iovec> places, std::size_t limit) noexcept {
  std::size_t moved = 0;
  for (Cursor to{places}; !to.at_end() && moved < limit;) {
    const std::size_t size = std::min(available(), limit - moved);
    if (size == 0) {
      break;
    }
    const auto piece = place_of(area_, read_, std::min(size, kTurn));
    const auto place = to.next(piece.size());
    std::memcpy(place.data(), piece.data(), place.size());
    to.advance(place.size());
    read_ += place.size();
    moved += place.size();
    // The writer may have the place again; seq_cst with its arm().
    state_.read.store(read_, std::memory_order_seq_cst);
  }
  return moved;
}

bool RingReader::take_sleeper() noexcept {
  return take(state_.writer, RingState::asleep);
}

bool RingReader::arm() noexcept {
  state_.reader.store(RingState::asleep, std::memory_order_seq_cst);  // over a hint, too
  if (available() == 0 && !broken_) {
    return true;
  }
  change(state_.reader, RingState::asleep, RingState::awake);
  return false;
}

bool RingReader::descriptors_due() const noexcept {
  // Relaxed: acquired with `written`. Received may be ahead: the socket was faster.
  return static_cast<std::int64_t>(state_.descriptor_sends.load(std::memory_order_relaxed) -
                                   descriptor_receives_) > 0;
}

void RingReader::count_descriptor_receive() noexcept {
  state_.descriptor_receives.store(++descriptor_receives_, std::memory_order_relaxed);
}

void RingReader::leave() noexcept {
  change(state_.reader, RingState::awake, RingState::leaving);  // not over a copy's sleep
}

bool RingReader::take_leaving() noexcept {
  return take(state_.writer, RingState::leaving);
}

}  // namespace troupe::transports
