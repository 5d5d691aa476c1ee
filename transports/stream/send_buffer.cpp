// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/send_buffer.hpp"

#include "troupe/base/check.hpp"
#include "troupe/transports/stream/frame_header.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

constexpr std::size_t kFirstCapacity = 4096;

}  // namespace

std::byte* SendBuffer::insert_control(std::size_t size) {
  TROUPE_CHECK(framing_ == Framing::python);
  std::byte* place = open_gap(begun_ + control_, size);
  control_ += size;
  return place;
}

void SendBuffer::push_front_rest(std::span<const std::span<const std::byte>> pieces,
                                 std::size_t skip) {
  TROUPE_CHECK(begun_ == 0);
  std::size_t size = 0;
  for (const auto& piece : pieces) {
    size += piece.size();
  }
  TROUPE_CHECK(skip < size);
  std::byte* place = open_gap(0, size - skip);
  begun_ = size - skip;
  for (const auto& piece : pieces) {
    const std::size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    place = std::copy(piece.begin() + static_cast<std::ptrdiff_t>(skipped), piece.end(), place);
  }
}

void SendBuffer::consume(std::size_t count) noexcept {
  TROUPE_CHECK(count <= size());
  if (count == size()) {
    clear();
    return;
  }
  const std::size_t control_end = begun_ + control_;
  if (framing_ == Framing::python) {
    // Where does the frame end that the first unwritten byte belongs to?
    std::size_t boundary = begun_;
    while (boundary < count) {
      const auto header = parse_header(front().subspan(boundary));
      TROUPE_CHECK(header);
      boundary += header->size + header->length;
    }
    begun_ = boundary - count;
  }
  control_ = control_end > count + begun_ ? control_end - count - begun_ : 0;
  begin_ += count;
}

void SendBuffer::reserve(std::size_t more) {
  const std::size_t held = size();
  if (begin_ > 0 && capacity_ - held >= more && begin_ >= held) {
    std::memcpy(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const std::size_t capacity = std::max({kFirstCapacity, capacity_ * 2, held + more});
    RawBytes grown = make_raw_bytes(capacity);
    if (held > 0) {
      std::memcpy(grown.get(), bytes_.get() + begin_, held);
    }
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = held;
}

std::byte* SendBuffer::open_gap(std::size_t at, std::size_t size) {
  if (capacity_ - end_ < size) {
    reserve(size);
  }
  std::byte* place = bytes_.get() + begin_ + at;
  std::memmove(place + size, place, end_ - begin_ - at);
  end_ += size;
  return place;
}

}  // namespace troupe::transports
