// SPDX-License-Identifier: Apache-2.0
#pragma once

// LargeBody: the body of one large frame while it arrives, read straight to where it stays: memory
// of its own, which grows as bytes arrive, so that a lying length costs nothing; or a place that
// the receiver gave. One thread at a time.

#include "troupe/base/buffer.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace troupe::transports {

class LargeBody final {
 public:
  // Begins a body of `size` bytes, of which `first` are here already.
  void begin(std::size_t size, std::span<const std::byte> first, std::span<std::byte> destination);

  bool active() const noexcept { return size_ > 0; }
  bool complete() const noexcept { return arrived_ == size_; }

  std::size_t missing() const noexcept { return size_ - arrived_; }

  // Where the next bytes go, at most the missing ones; never empty while incomplete.
  std::span<std::byte> room();
  void added(std::size_t count) noexcept { arrived_ += count; }

  // The receiver takes its place back: what has arrived moves to memory of our own.
  void leave_destination();

  // The whole body, and its memory where that is ours. Ends the body.
  std::span<const std::byte> finish(Buffer& storage);

 private:
  void grow(std::size_t capacity);

  std::size_t size_ = 0;
  std::size_t arrived_ = 0;
  std::span<std::byte> destination_;  // empty: own_ is used
  std::shared_ptr<std::byte> own_;    // malloc'd
  std::size_t capacity_ = 0;
};

}  // namespace troupe::transports
