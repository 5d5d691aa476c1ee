// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/frame_log.hpp"

#include <utility>

namespace troupe::queue {
namespace {

// More memory than that is not kept for the next frames; less is not moved together.
constexpr std::size_t kKept = std::size_t{256} << 10U;

}  // namespace

void FrameLog::add(std::span<const std::span<const std::byte>> pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) {
    bytes_.append(piece);
    size += piece.size();
  }
  sizes_.push_back(size);
}

void FrameLog::drop_last() {
  bytes_.truncate(bytes_.size() - sizes_.back());
  sizes_.pop_back();
}

bool FrameLog::confirm(std::uint64_t number) {
  if (number < confirmed_ || number - confirmed_ > sizes_.size()) {
    return false;
  }
  for (; confirmed_ < number; ++confirmed_) {
    begin_ += sizes_.front();
    sizes_.pop_front();
  }
  if (sizes_.empty() && bytes_.size() <= kKept) {
    bytes_.clear();
    begin_ = 0;
  } else if (begin_ > kKept && begin_ > bytes_.size() / 2) {
    GrowableBytes rest;
    rest.append({bytes_.data() + begin_, bytes_.size() - begin_});
    bytes_ = std::move(rest);
    begin_ = 0;
  }
  return true;
}

}  // namespace troupe::queue
