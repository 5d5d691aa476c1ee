// SPDX-License-Identifier: Apache-2.0
#pragma once

// A bell: eventfd(2). Rung, it is readable until it is silenced, however often it was rung.

#include "troupe/base/unique_fd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace troupe::os {

// Empty, and errno says why, where descriptors are short.
inline UniqueFd make_bell() noexcept {
  return UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
}

// Its count would take centuries to be full.
inline void ring(const UniqueFd& bell) noexcept {
  const std::uint64_t one = 1;
  (void)!::write(bell.get(), &one, sizeof one);
}

inline void silence(const UniqueFd& bell) noexcept {
  std::uint64_t rung = 0;
  (void)!::read(bell.get(), &rung, sizeof rung);
}

}  // namespace troupe::os
