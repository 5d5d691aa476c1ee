// SPDX-License-Identifier: Apache-2.0
#pragma once

// FrameLog: the frames that one end of a connection of a queue has sent and of which it does not
// know that they have arrived: said again over the next connection, should this one break. They are
// numbered from 1 in the order in which they were added. One thread at a time.

#include "troupe/serialization/growable_bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace troupe::queue {

class FrameLog final {
 public:
  void add(std::span<const std::span<const std::byte>> pieces);
  // The last one was not sent after all.
  void drop_last();
  // All up to that number have arrived. False: there are not so many, or more had arrived before.
  bool confirm(std::uint64_t number);

  std::size_t frames() const noexcept { return sizes_.size(); }
  bool empty() const noexcept { return sizes_.empty(); }

  // For each one, in order.
  template <class F>
  void for_each(const F& function) const {
    const std::byte* at = bytes_.data() + begin_;
    for (const std::size_t size : sizes_) {
      function(std::span{at, size});
      at += size;
    }
  }

 private:
  GrowableBytes bytes_;
  std::size_t begin_ = 0;          // of the first in bytes_
  std::deque<std::size_t> sizes_;  // of those that are here
  std::uint64_t confirmed_ = 0;
};

}  // namespace troupe::queue
