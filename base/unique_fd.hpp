// SPDX-License-Identifier: Apache-2.0
#pragma once

// UniqueFd: owns one file descriptor and closes it. Move-only; -1 is empty. Inside a message it
// crosses unix sockets, inproc and Process arguments; the receiver gets a descriptor of its own.

#include "troupe/base/result.hpp"

#include <utility>

namespace troupe {

class UniqueFd final {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int owned) noexcept : fd_(owned) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  // A new close-on-exec descriptor for what `fd` refers to. Errors: system.
  static Result<UniqueFd> duplicate(int fd);

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // Gives the descriptor up: the caller closes it.
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace troupe
