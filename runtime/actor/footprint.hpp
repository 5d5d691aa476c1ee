// SPDX-License-Identifier: Apache-2.0
#pragma once

// footprint: the bytes that a message owns beyond its own size, where its type can tell: strings,
// vectors, Buffers, and aggregates of them. What it cannot tell counts as nothing.

#include "troupe/base/buffer.hpp"
#include "troupe/serialization/members.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace troupe::actor {

template <class T>
constexpr bool may_own_bytes() {
  return !std::is_trivially_destructible_v<T>;
}

template <class T>
std::size_t footprint(const T& value) noexcept;

inline std::size_t footprint_of(const std::string& text) noexcept {
  return text.capacity() > 15 ? text.capacity() : 0;
}
inline std::size_t footprint_of(const Buffer& buffer) noexcept {
  return buffer.size();
}
template <class T>
std::size_t footprint_of(const std::vector<T>& items) noexcept {
  std::size_t sum = items.capacity() * sizeof(T);
  if constexpr (may_own_bytes<T>()) {
    for (const T& item : items) {
      sum += footprint(item);
    }
  }
  return sum;
}
inline std::size_t footprint_of(const std::vector<bool>& items) noexcept {
  return items.capacity() / 8;
}

template <class T>
std::size_t footprint(const T& value) noexcept {
  if constexpr (!may_own_bytes<T>()) {  // NOLINT(bugprone-branch-clone): 0 for two reasons
    return 0;
  } else if constexpr (requires { footprint_of(value); }) {
    return footprint_of(value);
  } else if constexpr (std::is_aggregate_v<T> && !std::is_array_v<T>) {
    if constexpr (reflect::kMemberCount<T> <= reflect::kMostMembers) {
      return reflect::with_members(value, [](const auto&... members) {
        return (std::size_t{0} + ... + footprint(members));
      });
    } else {
      return 0;
    }
  } else {
    return 0;
  }
}

}  // namespace troupe::actor
