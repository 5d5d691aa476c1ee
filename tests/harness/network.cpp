// SPDX-License-Identifier: Apache-2.0
#include "harness/network.hpp"

#include "harness/namespaces.hpp"
#include "troupe/base/check.hpp"
#include "troupe/base/unique_fd.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace troupe::harness {

bool enter_network_of_own() {
  if (!enter_namespaces(CLONE_NEWNET)) {
    return false;
  }
  set_loopback(true);
  return true;
}

void set_loopback(bool on) {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");  // NOLINT(clang-analyzer-security*): three bytes of 16
  request.ifr_flags = on ? IFF_UP : 0;  // NOLINT(bugprone-narrowing-conversions): a small flag
  TROUPE_CHECK(::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0);
}

}  // namespace troupe::harness
