// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/large_frames.hpp"

#include "troupe/serialization/codec.hpp"

#include <utility>

namespace troupe::node {

Result<std::optional<Bytes>> LargeFrames::add(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  const auto last = reader.value<bool>();
  const auto part = reader.bytes();
  if (!number || !last.has_value() || !part) {
    return reader.error();
  }
  bytes_ += part->size();
  Bytes& frame = frames_[*number];
  if (bytes_ > kMostBytes || frames_.size() > kMostFrames) {
    return Error{Code::malformed,
                 "large messages of more than 256 MiB, or more than 1024 of them, are under way at "
                 "once"};
  }
  frame.insert(frame.end(), part->begin(), part->end());
  if (!*last) {
    return std::optional<Bytes>{};
  }
  Bytes whole = std::move(frame);
  frames_.erase(*number);
  bytes_ -= whole.size();
  return std::optional<Bytes>{std::move(whole)};
}

}  // namespace troupe::node
