// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a peer's program has its sockets and files; gone with this object.

#include <string>

namespace bench {

class TemporaryFolder final {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/troupe-bench-XXXXXX";
};

}  // namespace bench
