// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/receive_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::transports {

std::span<std::byte> ReceiveBuffer::room(std::size_t least) {
  const std::size_t held = end_ - begin_;
  if (held == 0) {
    begin_ = end_ = 0;
  }
  if (filled_ && capacity_ < kMostCapacity) {
    move_to(std::max(capacity_ * 2, held + least));
  } else if (capacity_ < held + least) {
    move_to(std::max(kFirstCapacity, held + least));
  } else if (capacity_ - end_ < least) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  filled_ = false;
  return {bytes_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::added(std::size_t count) noexcept {
  end_ += count;
  filled_ = end_ == capacity_;
}

void ReceiveBuffer::move_to(std::size_t capacity) {
  RawBytes larger = make_raw_bytes(capacity);
  const std::size_t held = end_ - begin_;
  if (held > 0) {
    std::memcpy(larger.get(), bytes_.get() + begin_, held);
  }
  bytes_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
  end_ = held;
}

}  // namespace troupe::transports
