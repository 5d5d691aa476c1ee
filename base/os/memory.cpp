// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

namespace troupe::os {
namespace {

constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, of Linux 6.3, which older headers lack
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;

// The number in a file that holds nothing else; none for "max", and for a file that is not there.
std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file{path};
  std::uint64_t number = 0;
  return file >> number ? std::optional{number} : std::nullopt;
}

// The number after `key` in a file of lines "key number".
std::uint64_t number_of(const std::string& path, std::string_view key) {
  std::ifstream file{path};
  std::string word;
  std::uint64_t number = 0;
  std::string rest;
  while (file >> word >> number) {
    if (word == key) {
      return number;
    }
    std::getline(file, rest);
  }
  return 0;
}

// What a cgroup leaves: its limit, less what it uses and cannot give back.
std::uint64_t left_in(const std::string& folder, const char* limit, const char* usage,
                      const char* reclaimable) {
  constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62U;  // v1 says so by a number like it
  const auto most = number_in(folder + limit);
  if (!most || *most >= kNoLimit) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  const std::uint64_t used = number_in(folder + usage).value_or(0);
  const std::uint64_t free = number_of(folder + "/memory.stat", reclaimable);
  const std::uint64_t held = used - std::min(used, free);
  return *most - std::min(*most, held);
}

// Of a cgroup and all above it: `path` begins with a slash, or is empty.
std::uint64_t left_up_to(const std::string& root, std::string path, const char* limit,
                         const char* usage, const char* reclaimable) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (;;) {
    least = std::min(least, left_in(root + path, limit, usage, reclaimable));
    if (path.empty()) {
      return least;
    }
    path.resize(path.find_last_of('/'));
  }
}

std::uint64_t left_in_cgroups() {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  std::ifstream groups{"/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path == "/") {
      path.clear();
    }
    if (controllers.empty()) {
      least = std::min(least, left_up_to("/sys/fs/cgroup", path, "/memory.max", "/memory.current",
                                         "inactive_file"));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      least = std::min(least, left_up_to("/sys/fs/cgroup/memory", path, "/memory.limit_in_bytes",
                                         "/memory.usage_in_bytes", "total_inactive_file"));
    }
  }
  return least;
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB";
}

// Reserves the file's memory; where that would be more than there is, the kernel would not refuse
// but end some process.
Result<void> reserve(int fd, std::size_t size, const std::string& doing) {
  constexpr std::uint64_t kSpare = 4U << 20U;  // what else will be wanted meanwhile
  if (const std::uint64_t left = available_memory(); left < size + kSpare) {
    return Error{Code::overloaded, doing + ": it needs " + mebibytes(size) +
                                       " of shared memory, and the host or this process's memory "
                                       "cgroup has " +
                                       mebibytes(left) + " left; raise its limit (memory.max)"};
  }
  int error = 0;
  do {
    error = ::fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
  } while (error == EINTR);
  if (error == ENOSPC || error == ENOMEM) {
    return Error{Code::overloaded, doing + ": the system has no " + mebibytes(size) +
                                       " of shared memory left: " + errno_text(error)};
  }
  return error == 0 ? Result<void>{} : Error::system(doing, error);
}

}  // namespace

std::uint64_t available_memory() {
  const std::uint64_t kibibytes = number_of("/proc/meminfo", "MemAvailable:");
  const std::uint64_t host =
      kibibytes > 0 ? kibibytes << 10U : std::numeric_limits<std::uint64_t>::max();
  return std::min(host, left_in_cgroups());
}

Result<UniqueFd> make_shared_memory(std::size_t size, const std::string& doing, Writers writers) {
  UniqueFd fd{::memfd_create("troupe", MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal)};
  if (!fd && errno == EINVAL) {  // before Linux 6.3
    fd = UniqueFd{::memfd_create("troupe", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  }
  if (!fd) {
    return Error::system(doing, errno);
  }
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return Error::system(doing, errno);
  }
  if (auto reserved = reserve(fd.get(), size, doing); !reserved) {
    return reserved.error();
  }
  const int seals = writers == Writers::all ? kSeals | F_SEAL_SEAL : kSeals;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) {
    return Error::system(doing, errno);
  }
  return fd;
}

Result<void> check_shared_memory(int fd, std::size_t size, const std::string& doing) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return Error::system(doing, errno);
  }
  if (static_cast<std::uint64_t>(status.st_size) != size) {
    return Error{Code::malformed, doing + ": the shared memory has " +
                                      std::to_string(status.st_size) + " bytes, and " +
                                      std::to_string(size) + " were announced"};
  }
  if (const int seals = ::fcntl(fd, F_GET_SEALS); seals < 0 || (seals & kSeals) != kSeals) {
    return Error{Code::malformed, doing + ": the shared memory is not sealed"};
  }
  // All of it is there already, if the peer is honest.
  return static_cast<std::uint64_t>(status.st_blocks) * 512U >= size ? Result<void>{}
                                                                     : reserve(fd, size, doing);
}

Result<void> forbid_new_writers(int fd, const std::string& doing) {
  return ::fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0
             ? Result<void>{}
             : Error::system(doing, errno);
}

Mapping::~Mapping() {
  if (!bytes_.empty()) {
    ::munmap(bytes_.data(), bytes_.size());
  }
}

Result<Mapping> Mapping::of(int fd, std::size_t size, const std::string& doing, Access access) {
  const int protection = access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
  void* const place = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (place == MAP_FAILED) {
    return errno == ENOMEM
               ? Error{Code::overloaded, doing + ": no room to map " + mebibytes(size) +
                                             "; ulimit -v or vm.max_map_count may be reached"}
               : Error::system(doing, errno);
  }
  return Mapping{{static_cast<std::byte*>(place), size}};
}

}  // namespace troupe::os
