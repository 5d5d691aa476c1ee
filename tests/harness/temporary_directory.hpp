// SPDX-License-Identifier: Apache-2.0
#pragma once

// TemporaryDirectory: a folder of the test's own, removed with all that is in it.

#include <string>

namespace troupe::harness {

class TemporaryDirectory final {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// The environment variable as `value` for the life of the scope.
class EnvironmentScope final {
 public:
  EnvironmentScope(std::string name, const std::string& value);
  EnvironmentScope(const EnvironmentScope&) = delete;
  EnvironmentScope& operator=(const EnvironmentScope&) = delete;
  ~EnvironmentScope();

 private:
  std::string name_;
  std::string before_;
  bool was_set_ = false;
};

}  // namespace troupe::harness
