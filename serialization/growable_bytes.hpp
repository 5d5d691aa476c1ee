// SPDX-License-Identifier: Apache-2.0
#pragma once

// GrowableBytes: bytes that are appended to, as a vector without the zeroing: what room() hands out
// is written by the caller and then committed. Clearing keeps the memory. One thread at a time.

#include "troupe/base/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace troupe {

class GrowableBytes final {
 public:
  GrowableBytes() = default;
  GrowableBytes(GrowableBytes&& other) noexcept
      : memory_(std::move(other.memory_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowableBytes& operator=(GrowableBytes&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  GrowableBytes(const GrowableBytes&) = delete;
  GrowableBytes& operator=(const GrowableBytes&) = delete;
  ~GrowableBytes() = default;

  // Room for at least `count` bytes after the last. Valid until the next call that is not const.
  std::byte* room(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]] {
      grow(count);
    }
    return memory_.get() + size_;
  }
  // The bytes up to `end`, which stands in the room last asked for, are written.
  void commit(const std::byte* end) noexcept {
    size_ = static_cast<std::size_t>(end - memory_.get());
  }
  void append(std::span<const std::byte> bytes) {
    if (!bytes.empty()) {
      std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
      size_ += bytes.size();
    }
  }

  void clear() noexcept { size_ = 0; }
  // Drops what stands behind the first `size` bytes.
  void truncate(std::size_t size) noexcept { size_ = std::min(size_, size); }

  const std::byte* data() const noexcept { return memory_.get(); }
  std::byte* data() noexcept { return memory_.get(); }
  const std::byte* begin() const noexcept { return data(); }
  const std::byte* end() const noexcept { return data() + size_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> bytes() const noexcept { return {data(), size_}; }

 private:
  void grow(std::size_t count);

  // NOLINTNEXTLINE(modernize-avoid-c-arrays): std::vector would zero what is about to be written
  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace troupe
