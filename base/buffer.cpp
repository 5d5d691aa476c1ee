// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/buffer.hpp"

#include <algorithm>

namespace troupe {

Loan Loan::of_memory(std::size_t bytes) {
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): uninitialised on purpose
  std::shared_ptr<std::byte[]> memory{new std::byte[bytes]};
  const std::span<std::byte> all{memory.get(), bytes};
  return Loan{std::move(memory), all};
}

Buffer Buffer::copy_of(std::span<const std::byte> bytes) {
  return owning(Bytes(bytes.begin(), bytes.end()));
}

Buffer Buffer::owning(Bytes bytes) {
  auto owner = std::make_shared<const Bytes>(std::move(bytes));
  const std::span<const std::byte> view{*owner};
  return Buffer{std::move(owner), view};
}

Buffer Buffer::view_of(std::shared_ptr<const void> owner, std::span<const std::byte> bytes) {
  return Buffer{std::move(owner), bytes};
}

Buffer Buffer::part(std::size_t offset, std::size_t size) const {
  TROUPE_CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset);
  return Buffer{owner_, bytes_.subspan(offset, size)};
}

bool operator==(const Buffer& a, const Buffer& b) noexcept {
  return std::ranges::equal(a.bytes_, b.bytes_);
}

}  // namespace troupe
