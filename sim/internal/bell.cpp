// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/bell.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/error.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace troupe::sim {
namespace {

UniqueFd make_bell() {
  UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd) {
    throw Error::system("link two nodes of a World: eventfd", errno);
  }
  return fd;
}

}  // namespace

Bell::Bell() : fd_(make_bell()) {}

void Bell::ring() noexcept {
  if (!std::exchange(rung_, true)) {
    const std::uint64_t one = 1;
    TROUPE_CHECK(::write(fd_.get(), &one, sizeof one) == sizeof one);
  }
}

void Bell::silence() noexcept {
  if (std::exchange(rung_, false)) {
    std::uint64_t rung = 0;
    TROUPE_CHECK(::read(fd_.get(), &rung, sizeof rung) == sizeof rung);
  }
}

transports::Readiness Bell::readiness() const noexcept {
  return {fd_.get(), POLLIN};
}

}  // namespace troupe::sim
