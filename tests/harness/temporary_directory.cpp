// SPDX-License-Identifier: Apache-2.0
#include "harness/temporary_directory.hpp"

#include "troupe/base/check.hpp"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp and setenv are POSIX
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace troupe::harness {

TemporaryDirectory::TemporaryDirectory() : path_("/tmp/troupe-test-XXXXXX") {
  TROUPE_CHECK(::mkdtemp(path_.data()) != nullptr);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// NOLINTBEGIN(concurrency-mt-unsafe): a test changes the environment while it is alone
EnvironmentScope::EnvironmentScope(std::string name, const std::string& value)
    : name_(std::move(name)) {
  if (const char* const before = ::getenv(name_.c_str()); before != nullptr) {
    before_ = before;
    was_set_ = true;
  }
  ::setenv(name_.c_str(), value.c_str(), 1);
}

EnvironmentScope::~EnvironmentScope() {
  if (was_set_) {
    ::setenv(name_.c_str(), before_.c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace troupe::harness
