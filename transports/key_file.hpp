// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyFile: the bytes of a file with keys or certificates, wiped at the end.

#include "troupe/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace troupe::transports {

class KeyFile final {
 public:
  enum class Content : std::uint8_t { open, secret };

  // Errors: not_found, refused (permission; of a secret: others may read or write it),
  // invalid_argument (empty, too large, no regular file), system; `doing` names the file.
  static Result<KeyFile> read(const std::filesystem::path& path, Content content,
                              const std::string& doing);
  KeyFile(KeyFile&&) noexcept = default;
  KeyFile& operator=(KeyFile&&) = delete;
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile();

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  KeyFile() = default;

  std::vector<std::byte> bytes_;
};

}  // namespace troupe::transports
