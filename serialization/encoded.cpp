// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/encoded.hpp"

namespace troupe {

void GrowableBytes::grow(std::size_t count) {
  constexpr std::size_t kFirst = 256;
  const std::size_t capacity = std::max({size_ + count, capacity_ * 2, kFirst});
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): uninitialised on purpose
  std::unique_ptr<std::byte[]> memory{new std::byte[capacity]};
  if (size_ != 0) {
    std::memcpy(memory.get(), memory_.get(), size_);
  }
  memory_ = std::move(memory);
  capacity_ = capacity;
}

std::size_t Encoded::size() const noexcept {
  std::size_t total = head.size();
  for (const Borrowed& piece : borrowed) {
    total += piece.bytes.size();
  }
  return total;
}

void Encoded::clear() noexcept {
  head.clear();
  borrowed.clear();
  fds.clear();
}

Bytes Encoded::joined() const {
  std::vector<std::span<const std::byte>> pieces;
  gather(pieces);
  Bytes all;
  all.reserve(size());
  for (const auto piece : pieces) {
    all.insert(all.end(), piece.begin(), piece.end());
  }
  return all;
}

void Encoded::gather(std::vector<std::span<const std::byte>>& pieces) const {
  std::size_t from = 0;
  for (const Borrowed& piece : borrowed) {
    if (piece.at != from) {
      pieces.push_back(head.bytes().subspan(from, piece.at - from));
      from = piece.at;
    }
    if (!piece.bytes.empty()) {
      pieces.push_back(piece.bytes);
    }
  }
  if (from != head.size()) {
    pieces.push_back(head.bytes().subspan(from));
  }
}

void Encoded::own() {
  for (Borrowed& piece : borrowed) {
    if (piece.keep.size() != piece.bytes.size()) {
      piece.keep = Buffer::copy_of(piece.bytes);
      piece.bytes = piece.keep.bytes();
    }
  }
}

}  // namespace troupe
