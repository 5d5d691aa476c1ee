// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReceiveBuffer: bytes that arrived and were not yet taken, in one piece, so that frames are parsed
// where they stand. Grows when reads fill it, up to kMostCapacity, or as far as a frame needs. One
// thread at a time.

#include "troupe/transports/stream/raw_bytes.hpp"

#include <cstddef>
#include <span>

namespace troupe::transports {

class ReceiveBuffer final {
 public:
  static constexpr std::size_t kFirstCapacity = 16U << 10U;
  static constexpr std::size_t kMostCapacity = 256U << 10U;

  std::span<const std::byte> unread() const noexcept {
    return {bytes_.get() + begin_, end_ - begin_};
  }
  void take(std::size_t count) noexcept { begin_ += count; }

  // Room after the unread bytes, at least `least`; may move them.
  std::span<std::byte> room(std::size_t least = 1);
  // `count` bytes were written into room().
  void added(std::size_t count) noexcept;

 private:
  void move_to(std::size_t capacity);

  RawBytes bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool filled_ = false;  // the last read left no room: a larger buffer would have saved a call
};

}  // namespace troupe::transports
