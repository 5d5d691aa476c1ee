// SPDX-License-Identifier: Apache-2.0
#pragma once

// SendBuffer: frames that were accepted and not yet written, as the bytes that will leave. Control
// frames go before every data frame that has not begun. One thread at a time.

#include "troupe/transports/options.hpp"
#include "troupe/transports/stream/raw_bytes.hpp"

#include <cstddef>
#include <span>
#include <utility>

namespace troupe::transports {

class SendBuffer final {
 public:
  explicit SendBuffer(Framing framing) noexcept : framing_(framing) {}

  // Room for one frame of `size` bytes at the end, header included, to be filled at once.
  std::byte* append(std::size_t size) {
    if (capacity_ - end_ < size) [[unlikely]] {
      reserve(size);
    }
    return bytes_.get() + std::exchange(end_, end_ + size);
  }

  // The same before the first data frame that has not begun. Only with a framing that has headers;
  // the others keep one order.
  std::byte* insert_control(std::size_t size);

  // Puts what is left of a frame that has begun to leave at the very front.
  void push_front_rest(std::span<const std::span<const std::byte>> pieces, std::size_t skip);

  // What leaves next, in one piece.
  std::span<std::byte> front() noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool inside_frame() const noexcept { return begun_ > 0; }

  // The first `count` bytes of front() were written.
  void consume(std::size_t count) noexcept;
  void clear() noexcept { begin_ = end_ = begun_ = control_ = 0; }

 private:
  void reserve(std::size_t more);
  std::byte* open_gap(std::size_t at, std::size_t size);

  const Framing framing_;
  RawBytes bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // the first byte that has not been written
  std::size_t end_ = 0;
  std::size_t begun_ = 0;    // bytes from begin_ that belong to a frame that has begun to leave
  std::size_t control_ = 0;  // bytes after those that are control frames
};

}  // namespace troupe::transports
