// SPDX-License-Identifier: Apache-2.0
#pragma once

// RecordRing: one direction of records through memory that two processes share, with one writer and
// one reader. A record is eight bytes of header and its content, rounded up to eight. The header
// itself says that the record is there: the writer copies the content, makes the header behind it
// zero, and then stores this one, so that a kill at any instruction leaves the record whole or not
// there at all, and nothing is to be repaired. The reader gives room back in strides, by a single
// store of how far it is. Neither trusts the other: what the other wrote is copied once, checked on
// the copy, and whoever breaks the ring ends its own connection, nothing else.
//
// A record that does not fit before the end of the area begins at its start, behind a record that
// only fills up. docs/wire-protocol.md#the-ring-of-records has the bytes.
//
// Template over the memory, so that a test can run it over one in which every interleaving of two
// threads is tried (tests/transports/interleaving): SharedArea is the real one.

#include "troupe/transports/shm/kill_point.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace troupe::transports {

// What a record's header says. Part of the segment's layout: size in the low half, then kind and
// descriptors, a byte each; the rest is zero.
struct RecordHeader {
  enum class Kind : std::uint8_t {
    none = 0,    // nothing is here yet
    filler = 1,  // up to the end of the area
    message = 2,
    first = 3,  // of a message in pieces: its size in eight bytes, then the beginning
    more = 4,
    loaned = 5,  // references to memory of the writer's, then the rest
  };

  std::uint32_t size = 0;  // of the content, not rounded
  Kind kind = Kind::none;
  std::uint8_t descriptors = 0;  // that came by the socket before

  constexpr std::uint64_t word() const noexcept {
    return std::uint64_t{size} | std::uint64_t{static_cast<std::uint8_t>(kind)} << 32U |
           std::uint64_t{descriptors} << 40U;
  }
  static constexpr RecordHeader of(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), static_cast<Kind>(word >> 32U & 0xffU),
            static_cast<std::uint8_t>(word >> 40U)};
  }
};

constexpr std::size_t kRecordHeader = 8;

constexpr std::size_t record_size(std::size_t content) noexcept {
  return kRecordHeader + ((content + 7) & ~std::size_t{7});
}

// What the two sides share beside the area: each word has lines of its own, which a processor
// fetches in pairs. Positions count all bytes ever. Part of the segment's layout.
template <template <class> class Atomic>
struct RingWords {
  alignas(128) Atomic<std::uint64_t> written{0};  // by whom the writer's end was handed on
  alignas(128) Atomic<std::uint64_t> read{0};     // what the writer may use again
};

// Area: template Atomic<T>; capacity(), a power of two; load_header and store_header with an offset
// and a memory order.
template <class Area>
class RecordWriter final {
 public:
  using Words = RingWords<Area::template Atomic>;

  RecordWriter(Words& words, Area area) noexcept
      : words_(words),
        area_(area),
        at_(words.written.load(std::memory_order_relaxed)),
        read_(words.read.load(std::memory_order_acquire)),
        broken_(at_ - read_ > area_.capacity() || at_ % 8 != 0) {}

  // The largest content: fits even when half of the area lies behind a filler.
  std::size_t most_content() const noexcept { return area_.capacity() / 4 - kRecordHeader; }

  // Where the content of a record goes, as an offset into the area; nothing when there is no room,
  // or the reader has broken the ring. At most most_content().
  std::optional<std::size_t> prepare(std::size_t content) noexcept {
    const std::size_t whole = record_size(content);
    const std::size_t offset = at_ & (area_.capacity() - 1);
    const std::size_t tail = area_.capacity() - offset;
    wraps_ = whole > tail;
    next_ = at_ + whole + (wraps_ ? tail : 0);
    // The header behind the record has to be ours as well.
    if (next_ + kRecordHeader - read_ > area_.capacity() && !fetch_room()) [[unlikely]] {
      return std::nullopt;
    }
    return (wraps_ ? 0 : offset) + kRecordHeader;
  }

  // The content is in its place: publishes the record that was prepared last.
  void commit(RecordHeader header) noexcept {
    area_.store_header(next_ & (area_.capacity() - 1), 0, std::memory_order_relaxed);
    kill_point("ring.commit");
    const std::size_t offset = at_ & (area_.capacity() - 1);
    if (wraps_) [[unlikely]] {
      area_.store_header(0, header.word(), std::memory_order_relaxed);
      const auto filled = static_cast<std::uint32_t>(area_.capacity() - offset - kRecordHeader);
      kill_point("ring.wrap");
      header = {filled, RecordHeader::Kind::filler, 0};
    }
    // Pairs with the load in RecordReader::look: publishes the content, and the zero behind it.
    area_.store_header(offset, header.word(), std::memory_order_release);
    at_ = next_;
    kill_point("ring.committed");
  }

  bool is_broken() const noexcept { return broken_; }  // the reader has been where it cannot be

  // For whoever goes on with this end.
  void leave_position() const noexcept { words_.written.store(at_, std::memory_order_relaxed); }

 private:
  // Looks how far the reader is, and whether that is enough for what is being prepared.
  bool fetch_room() noexcept {
    // Pairs with the store in RecordReader::give_back: the reader is done with what it gives back.
    const std::uint64_t read = words_.read.load(std::memory_order_acquire);
    broken_ = broken_ || at_ - read > area_.capacity() || read - read_ > area_.capacity();
    if (broken_) {
      return false;
    }
    read_ = read;
    return next_ + kRecordHeader - read_ <= area_.capacity();
  }

  Words& words_;
  const Area area_;
  std::uint64_t at_;        // where the next record begins
  std::uint64_t read_;      // as last seen
  std::uint64_t next_ = 0;  // of the record being prepared: its end
  bool wraps_ = false;
  bool broken_;
};

template <class Area>
class RecordReader final {
 public:
  using Words = RingWords<Area::template Atomic>;

  RecordReader(Words& words, Area area) noexcept
      : words_(words),
        area_(area),
        at_(words.read.load(std::memory_order_relaxed)),
        given_back_(at_),
        broken_(at_ % 8 != 0) {}

  struct Record {
    RecordHeader header;
    std::size_t offset = 0;  // of its content
  };

  // The record that is next, checked; nothing while there is none, or when the writer has broken
  // the ring. Its content may change while it is read, if the writer is evil.
  std::optional<Record> look() noexcept {
    for (;;) {
      const std::size_t offset = at_ & (area_.capacity() - 1);
      // Pairs with RecordWriter::commit.
      const std::uint64_t word = area_.load_header(offset, std::memory_order_acquire);
      if (word == 0) {
        return std::nullopt;
      }
      const RecordHeader header = RecordHeader::of(word);
      const std::size_t tail = area_.capacity() - offset;
      if (header.word() != word || header.kind > RecordHeader::Kind::loaned || header.size > tail ||
          record_size(header.size) > tail || broken_) [[unlikely]] {
        broken_ = true;
        return std::nullopt;
      }
      if (header.kind != RecordHeader::Kind::filler) [[likely]] {
        return Record{header, offset + kRecordHeader};
      }
      if (offset == 0 || record_size(header.size) != tail) {
        broken_ = true;
        return std::nullopt;
      }
      at_ += tail;
    }
  }

  // The content of the record that look() returned is not needed any more. True: a stride is full,
  // so that give_back() is due.
  bool take(const Record& record) noexcept {
    at_ += record_size(record.header.size);
    return at_ - given_back_ >= area_.capacity() / 8;
  }

  // Lets the writer use again what was taken.
  void give_back() noexcept {
    given_back_ = at_;
    // Pairs with RecordWriter::fetch_room: the content has been read.
    words_.read.store(at_, std::memory_order_release);
    kill_point("ring.gave_back");
  }

  bool is_broken() const noexcept { return broken_; }  // the writer has been where it cannot be

  // For whoever goes on with this end.
  void leave_position() const noexcept { words_.read.store(at_, std::memory_order_release); }

 private:
  Words& words_;
  const Area area_;
  std::uint64_t at_;          // where the next record begins
  std::uint64_t given_back_;  // as far as the writer knows
  bool broken_;
};

}  // namespace troupe::transports
