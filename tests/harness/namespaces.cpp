// SPDX-License-Identifier: Apache-2.0
#include "harness/namespaces.hpp"

#include "harness/raw_fd.hpp"
#include "troupe/base/check.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace troupe::harness {
namespace {

void write_file(const char* path, const std::string& text) {
  const UniqueFd file{::open(path, O_WRONLY | O_CLOEXEC)};
  TROUPE_CHECK(file);
  write_raw(file.get(), text);
}

}  // namespace

bool enter_namespaces(int kinds) {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  // Root has the right already; others have it in a user namespace.
  const bool wants_user = (kinds & CLONE_NEWUSER) != 0;
  if (wants_user || ::unshare(kinds) != 0) {
    if (::unshare(kinds | CLONE_NEWUSER) != 0) {
      return false;
    }
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + user + " 1");
    write_file("/proc/self/gid_map", "0 " + group + " 1");
  }
  if ((kinds & CLONE_NEWNS) != 0) {
    TROUPE_CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  }
  return true;
}

void bind_mount(const std::string& folder, const std::string& place) {
  TROUPE_CHECK(::mount(folder.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) == 0);
}

void mount_tmpfs(const std::string& place, const std::string& options) {
  TROUPE_CHECK(::mount("none", place.c_str(), "tmpfs", 0, options.c_str()) == 0);
}

}  // namespace troupe::harness
