// SPDX-License-Identifier: Apache-2.0
#pragma once

// LargeFrames: frames that the other side's Outbox has cut into parts, until they are whole. Of who
// reads the link.

#include "troupe/base/bytes.hpp"
#include "troupe/serialization/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace troupe::node {

class LargeFrames final {
 public:
  // Reads a part, after its kind. Returns the frame whose last part it was, if any. Errors:
  // malformed (also where more is under way than anybody may send).
  Result<std::optional<Bytes>> add(Reader& reader);

 private:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20U;
  static constexpr std::size_t kMostFrames = 1024;

  std::unordered_map<std::uint64_t, Bytes> frames_;  // by their number
  std::size_t bytes_ = 0;
};

}  // namespace troupe::node
