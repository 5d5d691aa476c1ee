// SPDX-License-Identifier: Apache-2.0
#include "harness/memory_cgroup.hpp"

#include "troupe/base/check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace troupe::harness {
namespace {

// Of /proc/self/cgroup: version 2 has the line "0::PATH", version 1 "number:controllers:PATH".
std::optional<std::string> group_of(const std::string& controller) {
  std::ifstream groups{"/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (line.substr(first + 1, second - first - 1) == controller) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

// Whether the kernel took it.
bool write_to(const std::string& path, const std::string& text) {
  std::ofstream file{path};
  return static_cast<bool>(file << text << std::flush);
}

}  // namespace

std::optional<MemoryCgroup> MemoryCgroup::create(std::size_t limit) {
  if (const auto group = group_of("memory")) {
    return create_in("/sys/fs/cgroup/memory" + *group, "/memory.limit_in_bytes", limit);
  }
  if (const auto group = group_of("")) {
    // A group with processes has no groups with limits below it, but for the root.
    const std::filesystem::path own = "/sys/fs/cgroup" + *group;
    for (const std::string& parent : {own.string(), own.parent_path().string()}) {
      if (auto made = create_in(parent, "/memory.max", limit)) {
        return made;
      }
    }
  }
  return std::nullopt;
}

std::optional<MemoryCgroup> MemoryCgroup::create_in(const std::string& parent,
                                                    const char* limit_file, std::size_t limit) {
  const std::string folder = parent + "/troupe-test-" + std::to_string(::getpid());
  if (::mkdir(folder.c_str(), S_IRWXU) != 0) {
    return std::nullopt;
  }
  MemoryCgroup made{folder};
  if (!write_to(folder + limit_file, std::to_string(limit))) {
    return std::nullopt;
  }
  write_to(folder + "/memory.swap.max", "0");  // where there is swap to count
  return made;
}

MemoryCgroup::MemoryCgroup(MemoryCgroup&& other) noexcept
    : folder_(std::exchange(other.folder_, {})) {}

MemoryCgroup::~MemoryCgroup() {
  if (!folder_.empty()) {
    ::rmdir(folder_.c_str());
  }
}

void MemoryCgroup::enter() const {
  TROUPE_CHECK(write_to(folder_ + "/cgroup.procs", std::to_string(::getpid())));
}

}  // namespace troupe::harness
