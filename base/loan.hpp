// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loan: memory that is written in place, where the receiver will read it. A connection lends it
// (Connection::loan); turned into a Buffer it is sent without being copied, as a message or as a
// member of one. A transport without shared memory lends ordinary memory, which it copies when the
// message leaves. Move-only; destroyed without having been sent, it goes back.

#include "troupe/base/check.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace troupe {

class Loan final {
 public:
  // `bytes` stay valid while `owner` lives, and nobody else uses them until this is sent.
  Loan(std::shared_ptr<const void> owner, std::span<std::byte> bytes) noexcept
      : owner_(std::move(owner)), bytes_(bytes) {}
  // Ordinary memory, not initialised.
  static Loan of_memory(std::size_t bytes);
  Loan(Loan&& other) noexcept
      : owner_(std::move(other.owner_)), bytes_(std::exchange(other.bytes_, {})) {}
  Loan& operator=(Loan&& other) noexcept {
    owner_ = std::move(other.owner_);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }
  ~Loan() = default;

  // What it holds at first is not defined. Aligned to 4096 where it is shared, else to 16.
  std::span<std::byte> bytes() noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }

  // The bytes as trivially copyable values of T. Checks that the size is a multiple of sizeof(T).
  template <class T>
  std::span<T> as() noexcept;

 private:
  friend class Buffer;

  std::shared_ptr<const void> owner_;
  std::span<std::byte> bytes_;
};

template <class T>
std::span<T> Loan::as() noexcept {
  static_assert(std::is_trivially_copyable_v<T>, "only trivially copyable types may be viewed");
  TROUPE_CHECK(bytes_.size() % sizeof(T) == 0);
  TROUPE_CHECK(reinterpret_cast<std::uintptr_t>(bytes_.data()) % alignof(T) == 0);
  return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
}

}  // namespace troupe
