// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bytes: raw content that is owned and may be changed; and how text and bytes are seen as each
// other.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace troupe {

using Bytes = std::vector<std::byte>;

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes may be read as characters
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace troupe
