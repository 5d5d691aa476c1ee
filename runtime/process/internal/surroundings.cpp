// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/surroundings.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace troupe::process {
namespace {

using Header = __user_cap_header_struct;
using Sets = std::array<__user_cap_data_struct, 2>;
static_assert(sizeof(Sets) == sizeof(Credentials::capabilities));

Credentials credentials_now() {
  Credentials own;
  ::getresuid(own.users.data(), &own.users[1], &own.users[2]);
  ::getresgid(own.groups.data(), &own.groups[1], &own.groups[2]);
  if (const int count = ::getgroups(0, nullptr); count > 0) {
    own.supplementary.resize(static_cast<std::size_t>(count));
    const int got = ::getgroups(count, own.supplementary.data());
    own.supplementary.resize(static_cast<std::size_t>(std::max(got, 0)));
  }
  Header header{_LINUX_CAPABILITY_VERSION_3, 0};
  ::syscall(SYS_capget, &header, own.capabilities.data());
  own.no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  return own;
}

std::uint32_t umask_now() {
  if (__libc_single_threaded == 0) {
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;) {
      if (word == "Umask:" && status >> word) {
        return static_cast<std::uint32_t>(std::stoul(word, nullptr, 8));
      }
    }
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

std::vector<Limit> limits_now() {
  std::vector<Limit> limits;
  limits.reserve(RLIM_NLIMITS);
  for (int resource = 0; resource < static_cast<int>(RLIM_NLIMITS); ++resource) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0) {
      limits.push_back({resource, limit.rlim_cur, limit.rlim_max});
    }
  }
  return limits;
}

DirectoryId directory_at(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 ? DirectoryId{status.st_dev, status.st_ino} : DirectoryId{};
}

bool environment_is(const std::vector<std::string>& wanted) {
  char** entry = environ;
  for (const std::string& line : wanted) {
    if (entry == nullptr || *entry == nullptr || line != *entry) return false;
    ++entry;
  }
  return entry == nullptr || *entry == nullptr;
}

std::vector<std::string> environment_now() {
  std::vector<std::string> lines;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    lines.emplace_back(*entry);
  }
  return lines;
}

Error refused(std::string_view what, int error) {
  return Error{Code::refused, "cannot give the child the caller's " + std::string{what} + ": " +
                                  errno_text(error) +
                                  "; StartMethod::exec needs nothing to be given"};
}

Result<void> apply_limits(const std::vector<Limit>& limits) {
  for (const Limit& limit : limits) {
    const rlimit value{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value) != 0) {
      return refused("limit number " + std::to_string(limit.resource), errno);
    }
  }
  return {};
}

// Groups first and capabilities last: each step may need what the later ones take away. The plain
// system calls: libc's would first tell threads that the copy may only believe to have (a
// sanitizer's).
Result<void> apply_credentials(const Credentials& wanted) {
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (wanted.supplementary != credentials_now().supplementary &&
      ::syscall(SYS_setgroups, wanted.supplementary.size(), wanted.supplementary.data()) != 0) {
    return refused("groups", errno);
  }
  const auto& groups = wanted.groups;
  if (::syscall(SYS_setresgid, groups[0], groups[1], groups[2]) != 0) {
    return refused("group id", errno);
  }
  const auto& users = wanted.users;
  if (::syscall(SYS_setresuid, users[0], users[1], users[2]) != 0) {
    return refused("user id", errno);
  }
  Header header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, wanted.capabilities.data()) != 0) {
    return refused("capabilities", errno);
  }
  ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (wanted.no_new_privileges) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  } else if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    return refused("right to new privileges", EPERM);
  }
  return {};
}

// The lines are what the child's environment points to from now on: never freed.
void apply_environment(const std::vector<std::string>& lines) {
  static auto& kept = *new std::vector<std::string>;
  static auto& entries = *new std::vector<char*>;
  kept = lines;
  entries.clear();
  for (std::string& line : kept) {
    entries.push_back(line.data());
  }
  entries.push_back(nullptr);
  environ = entries.data();
}

}  // namespace

Surroundings Surroundings::now() {
  Surroundings own;
  own.environment_ = environment_now();
  own.credentials_ = credentials_now();
  own.umask_ = umask_now();
  own.limits_ = limits_now();
  own.directory_ = directory_at(".");
  own.root_ = directory_at("/");
  own.seccomp_ = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
  return own;
}

Result<Changes> Surroundings::changes_since(UniqueFd& directory) const {
  if (directory_at("/") != root_) {
    return Error{Code::refused,
                 "the root directory has changed since the zygote was made, and a child cannot be "
                 "given another; use StartMethod::exec"};
  }
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != seccomp_) {
    return Error{Code::refused,
                 "a seccomp filter was installed since the zygote was made, and a child cannot be "
                 "given one; use StartMethod::exec"};
  }
  Changes changes;
  if (!environment_is(environment_)) {
    changes.environment = environment_now();
  }
  if (Credentials credentials = credentials_now(); credentials != credentials_) {
    changes.credentials = std::move(credentials);
  }
  if (const std::uint32_t mask = umask_now(); mask != umask_) {
    changes.umask = mask;
  }
  for (const Limit& limit : limits_now()) {
    if (std::ranges::find(limits_, limit) == limits_.end()) {
      changes.limits.push_back(limit);
    }
  }
  if (directory_at(".") != directory_) {
    directory = UniqueFd{::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory) {
      return Error::system("open the current directory, which the child shall have", errno);
    }
    changes.directory = true;
  }
  return changes;
}

Result<void> apply(const Changes& changes, const UniqueFd& directory) {
  if (changes.directory && ::fchdir(directory.get()) != 0) {
    return refused("current directory", errno);
  }
  if (changes.umask) {
    ::umask(*changes.umask);
  }
  if (auto limited = apply_limits(changes.limits); !limited) {
    return limited;
  }
  if (changes.credentials) {
    if (auto applied = apply_credentials(*changes.credentials); !applied) {
      return applied;
    }
  }
  if (changes.environment) {
    apply_environment(*changes.environment);
  }
  return {};
}

}  // namespace troupe::process
