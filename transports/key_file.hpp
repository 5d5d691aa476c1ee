// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyFile: the bytes of a file with keys or certificates, wiped at the end.

#include "troupe/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace troupe::transports {

class KeyFile final {
 public:
  // Errors: not_found, refused (permission), invalid_argument (empty, too large, no regular file),
  // system; `doing` names the file.
  static Result<KeyFile> read(const std::filesystem::path& path, const std::string& doing);
  KeyFile(KeyFile&&) noexcept = default;
  KeyFile& operator=(KeyFile&&) = delete;
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile();

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  // As a secret has to be. Errors: refused (others may read or write it).
  Result<void> expect_private(const std::string& doing) const;

 private:
  KeyFile() = default;

  std::vector<std::byte> bytes_;
  bool others_may_ = false;  // read or write it
};

}  // namespace troupe::transports
