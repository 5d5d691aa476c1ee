// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/internal/likely_cause.hpp"

#include <algorithm>

namespace troupe::wire {

namespace {

// Python's pickle of protocol 2 to 5: PROTO, its number, …, STOP.
bool looks_like_pickle(std::span<const std::byte> message) noexcept {
  return message.size() >= 3 && message[0] == std::byte{0x80} && message[1] >= std::byte{2} &&
         message[1] <= std::byte{5} && message.back() == std::byte{'.'};
}

bool looks_like_text(std::span<const std::byte> message) noexcept {
  constexpr std::size_t kEnough = 64;
  const auto start = message.first(std::min(message.size(), kEnough));
  return start.size() >= 2 && std::ranges::all_of(start, [](std::byte byte) {
           const auto c = static_cast<unsigned char>(byte);
           return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
         });
}

}  // namespace

std::string_view likely_cause(std::span<const std::byte> message) noexcept {
  if (looks_like_pickle(message)) {
    return "looks like a pickle: the Python side should use send_bytes(msgpack.packb(x))";
  }
  if (looks_like_text(message)) {
    return "looks like text: add framing=lines";
  }
  return {};
}

}  // namespace troupe::wire
