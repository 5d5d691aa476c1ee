// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named pipes as files: making, opening, and telling a stale one from one in use. Who listens at
// one holds it open for reading with a lock on it (flock), which ends with the process.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <string>
#include <utility>

namespace troupe::transports {

// A named pipe that is removed with the object, or earlier by remove(), in the process that made
// it.
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
  explicit FifoFile(std::string path);

  std::string path_;
  pid_t owner_ = -1;
};

// Makes the named pipe, unless it is there. Errors: exists (the file is no pipe), refused,
// not_found (the directory), invalid_argument (the path is too long), system.
Result<void> ensure_fifo(const std::string& path, const std::string& doing);

// Ensures it, and opens it with `mode` (O_RDONLY or O_RDWR) as its only reader; one that was left
// behind is taken over. Errors: exists also when somebody reads it; the others of ensure_fifo.
Result<UniqueFd> claim_fifo(const std::string& path, int mode, const std::string& doing);

// Opens without waiting for the other side. An empty result: nobody reads it yet (or, to read or to
// write, it is not there yet).
Result<UniqueFd> try_open_fifo(const std::string& path, int mode, const std::string& doing);

}  // namespace troupe::transports
