// SPDX-License-Identifier: Apache-2.0
#pragma once

// Input: what a fuzz target is given, read as a row of numbers and pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe_fuzz {

class Input final {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool empty() const noexcept { return bytes_.empty(); }
  // 0 at the end.
  std::uint8_t byte() {
    if (bytes_.empty()) {
      return 0;
    }
    const auto first = std::to_integer<std::uint8_t>(bytes_[0]);
    bytes_ = bytes_.subspan(1);
    return first;
  }
  // A byte says how many.
  std::span<const std::byte> rest_of_frame() {
    const std::size_t wished = byte();  // before the size of the rest is asked for
    const auto taken = bytes_.first(std::min(wished, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace troupe_fuzz
