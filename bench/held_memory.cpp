// SPDX-License-Identifier: Apache-2.0
#include "held_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace bench {

void hold(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident;
  if (resident * page >= bytes) return;
  const std::size_t missing = bytes - resident * page;
  void* const place =
      ::mmap(nullptr, missing, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) {
    throw std::system_error{errno, std::generic_category(), "mmap"};
  }
  for (std::size_t at = 0; at < missing; at += page) {
    static_cast<volatile std::byte*>(place)[at] = std::byte{1};
  }
}

}  // namespace bench
