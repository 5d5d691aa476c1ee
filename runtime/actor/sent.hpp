// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sent: what became of a send. May be ignored: what was refused or dropped is counted, and logged
// once for each target.

#include "troupe/base/error.hpp"

#include <cstdint>

namespace troupe {

class Sent final {
 public:
  constexpr Sent() = default;  // it is in the mailbox
  constexpr explicit Sent(Code code) noexcept : code_(static_cast<std::uint8_t>(code)) {}

  constexpr explicit operator bool() const noexcept { return code_ == 0; }
  // Why it is not in the mailbox; only when it is not. overloaded (full, or too slow to take it),
  // closed (the actor has ended, or the handle is empty), refused (it would wait for itself),
  // cancelled (the runtime stops).
  constexpr Code code() const noexcept { return static_cast<Code>(code_); }

 private:
  std::uint8_t code_ = 0;
};

}  // namespace troupe
