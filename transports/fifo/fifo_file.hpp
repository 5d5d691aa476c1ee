// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named pipes as files: making, opening, and telling a stale one from one in use.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <string>
#include <utility>

namespace troupe::transports {

// A named pipe of our own making, removed with the object (or earlier by remove()).
class FifoFile final {
 public:
  FifoFile() = default;
  // Makes it, mode 0600. Errors: exists, system.
  static Result<FifoFile> create(std::string path);
  // Takes one over that is there already.
  static FifoFile adopt(std::string path) { return FifoFile{std::move(path)}; }
  FifoFile(FifoFile&& other) noexcept;
  FifoFile& operator=(FifoFile&& other) noexcept;
  FifoFile(const FifoFile&) = delete;
  FifoFile& operator=(const FifoFile&) = delete;
  ~FifoFile() { remove(); }

  const std::string& path() const noexcept { return path_; }
  void remove() noexcept;

 private:
  explicit FifoFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// Makes sure that there is a named pipe at `path`, and that nobody reads it: one that was left
// behind is taken over. Errors: exists (somebody reads it, or the file is no pipe), refused,
// system.
Result<FifoFile> claim_fifo(const std::string& path, const std::string& doing);

// Opens without waiting for the other side. An empty result: nobody reads it yet (or, to read or to
// write, it is not there yet).
Result<UniqueFd> try_open_fifo(const std::string& path, int mode, const std::string& doing);

}  // namespace troupe::transports
