// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/private_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace troupe::transports {
namespace {

std::string environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only a program that changes its environment is at risk
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string choose() {
  if (const std::string runtime = environment("XDG_RUNTIME_DIR"); runtime.starts_with('/')) {
    if (::access(runtime.c_str(), W_OK) == 0) {
      return runtime + "/troupe";
    }
  }
  const std::string temporary = environment("TMPDIR");
  return (temporary.starts_with('/') ? temporary : "/tmp") + "/troupe-" +
         std::to_string(::geteuid());
}

}  // namespace

Result<std::string> private_directory() {
  std::string path = choose();
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return Error::system("make the private directory " + path +
                             " (set XDG_RUNTIME_DIR or TMPDIR to a place that can be written)",
                         errno);
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return Error::system("look at the private directory " + path, errno);
  }
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::refused, "the private directory " + path +
                                    " is not this user's alone (mode 0700); remove it, or set "
                                    "XDG_RUNTIME_DIR"};
  }
  return path;
}

}  // namespace troupe::transports
