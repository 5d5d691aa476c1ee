// SPDX-License-Identifier: Apache-2.0
#pragma once

// Buffer: a counted, read-only view of bytes that never change: on the heap, in a received frame,
// in a loan. Copying a Buffer copies a pointer. As a member of a message it is
// sent without being copied by the codec, and received as a view of what arrived. Thread-safe as
// any value is; the bytes live as long as any Buffer of them.

#include "troupe/base/bytes.hpp"
#include "troupe/base/check.hpp"
#include "troupe/base/loan.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace troupe {

class Buffer final {
 public:
  Buffer() = default;
  // What was written into the loan, which from now on never changes.
  Buffer(Loan&& loan) noexcept  // NOLINT(google-explicit-constructor): a loan is what is sent
      : owner_(std::move(loan.owner_)), bytes_(std::exchange(loan.bytes_, {})) {}

  static Buffer copy_of(std::span<const std::byte> bytes);
  // Takes the bytes over; nothing is copied.
  static Buffer owning(Bytes bytes);
  // Views `bytes`, which stay valid while `owner` lives.
  static Buffer view_of(std::shared_ptr<const void> owner, std::span<const std::byte> bytes);

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }

  // The bytes as trivially copyable values of T. Checks that the size is a multiple of sizeof(T)
  // and that the place is aligned for T.
  template <class T>
  std::span<const T> as() const;

  // A part of it, sharing the same memory. Only within size().
  Buffer part(std::size_t offset, std::size_t size) const;

  // Equal when the contents are.
  friend bool operator==(const Buffer& a, const Buffer& b) noexcept;

 private:
  Buffer(std::shared_ptr<const void> owner, std::span<const std::byte> bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

// A part of a message that stands elsewhere: before the byte `at` of the bytes it belongs to.
struct DetachedBytes {
  std::size_t at = 0;
  Buffer bytes;
};

template <class T>
std::span<const T> Buffer::as() const {
  static_assert(std::is_trivially_copyable_v<T>, "only trivially copyable types may be viewed");
  TROUPE_CHECK(bytes_.size() % sizeof(T) == 0);
  TROUPE_CHECK(reinterpret_cast<std::uintptr_t>(bytes_.data()) % alignof(T) == 0);
  return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
}

}  // namespace troupe
