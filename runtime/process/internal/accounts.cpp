// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/accounts.hpp"

#include <grp.h>
#include <limits.h>  // NOLINT(modernize-deprecated-headers): NGROUPS_MAX is POSIX
#include <pwd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace troupe::process {
namespace {

using subprocess::Account;

// -1 says "as it is" to the system calls, so nobody has that number.
constexpr std::int64_t kMostId = std::int64_t{std::numeric_limits<std::uint32_t>::max()} - 1;

// Calls find(buffer, bytes), a getpwnam_r or getgrnam_r, with a buffer that is large enough.
template <class Find>
int with_room(Find find) {
  constexpr std::size_t kMostBytes = std::size_t{16} << 20U;  // of a group with very many members
  std::vector<char> buffer(1024);
  for (;;) {
    const int error = find(buffer.data(), buffer.size());
    if (error != ERANGE || buffer.size() >= kMostBytes) return error;
    buffer.resize(4 * buffer.size());
  }
}

// The database's answer: an error's number, or 0, with `id` where there is one.
int find_user(const std::string& name, std::optional<std::uint32_t>& id) {
  return with_room([&](char* buffer, std::size_t size) {
    passwd entry{};
    passwd* found = nullptr;
    const int error = ::getpwnam_r(name.c_str(), &entry, buffer, size, &found);
    if (found != nullptr) id = found->pw_uid;
    return error;
  });
}

int find_group(const std::string& name, std::optional<std::uint32_t>& id) {
  return with_room([&](char* buffer, std::size_t size) {
    ::group entry{};
    ::group* found = nullptr;
    const int error = ::getgrnam_r(name.c_str(), &entry, buffer, size, &found);
    if (found != nullptr) id = found->gr_gid;
    return error;
  });
}

Result<std::uint32_t> id_of(const Account& account, const char* option, bool is_user) {
  const std::string kind = is_user ? "user" : "group";
  if (account.id()) {
    if (*account.id() < 0 || *account.id() > kMostId) {
      return Error{Code::invalid_argument,
                   std::string{option} + " " + std::to_string(*account.id()) + ": a " + kind +
                       " is a name, or a number from 0 to " + std::to_string(kMostId)};
    }
    return static_cast<std::uint32_t>(*account.id());
  }
  const std::string doing = std::string{option} + " '" + account.name() + "': ";
  std::optional<std::uint32_t> id;
  const int error = is_user ? find_user(account.name(), id) : find_group(account.name(), id);
  if (id) return *id;
  // Each of these is some system's way to say that there is none.
  if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) {
    return Error{Code::invalid_argument, doing + "there is no " + kind + " of that name"};
  }
  return Error::system(doing + "look that " + kind + " up", error);
}

}  // namespace

Result<os::Credentials> credentials_of(const subprocess::Options& options) {
  os::Credentials credentials;
  if (options.user) {
    auto id = id_of(*options.user, "user", true);
    if (!id) return id.error();
    credentials.user = *id;
  }
  if (options.group) {
    auto id = id_of(*options.group, "group", false);
    if (!id) return id.error();
    credentials.group = *id;
  }
  if (!options.extra_groups) return credentials;
  if (options.extra_groups->size() > NGROUPS_MAX) {
    return Error{Code::invalid_argument,
                 "extra_groups: these are " + std::to_string(options.extra_groups->size()) +
                     ", and a process is in " + std::to_string(NGROUPS_MAX) + " at most"};
  }
  std::vector<gid_t> groups;
  for (const Account& account : *options.extra_groups) {
    auto id = id_of(account, "extra_groups", false);
    if (!id) return id.error();
    groups.push_back(*id);
  }
  credentials.extra_groups = std::move(groups);
  return credentials;
}

}  // namespace troupe::process
