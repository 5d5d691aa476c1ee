// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/host.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace troupe::os {

std::string boot_id() {
  std::string boot;
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> boot;
  return boot;
}

std::string this_host() {
  const std::string boot = boot_id();
  struct stat network {};
  if (boot.empty() || ::stat("/proc/self/ns/net", &network) != 0) {
    return {};
  }
  return boot + "." + std::to_string(network.st_ino) + "." + std::to_string(::geteuid());
}

}  // namespace troupe::os
