// SPDX-License-Identifier: Apache-2.0
#include "held_memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {
namespace {

double in_memory_files() {
  constexpr double kBlock = 512;
  double bytes = 0;
  std::set<ino_t> seen;  // a file may have several descriptors
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;  // the iterator's own
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    struct stat file {};
    if (target.starts_with("/memfd:") && ::stat(entry.path().c_str(), &file) == 0 &&
        seen.insert(file.st_ino).second) {
      bytes += static_cast<double>(file.st_blocks) * kBlock;
    }
  }
  return bytes;
}

}  // namespace

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

Held held_now() {
  constexpr double kKibibyte = 1024;
  Held held{.in_descriptors = in_memory_files()};
  std::ifstream file{"/proc/self/smaps_rollup"};
  for (std::string word; file >> word;) {
    double kibibytes = 0;
    if (word == "Pss_Anon:" && file >> kibibytes) {
      held.own = kibibytes * kKibibyte;
    } else if (word == "Pss_Shmem:" && file >> kibibytes) {
      held.mapped = kibibytes * kKibibyte;
    }
  }
  if (held.own == 0) throw std::runtime_error{"/proc/self/smaps_rollup tells nothing"};
  return held;
}

}  // namespace bench
