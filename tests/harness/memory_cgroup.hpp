// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryCgroup: a control group of a test's own that bounds memory, of version 2 or 1 as the system
// has them. It is made below, or in version 2 beside, the group that this process is in, whose
// limits hold on; and removed at the end of its scope, by when those who entered must have ended.

#include <cstddef>
#include <optional>
#include <string>

namespace troupe::harness {

class MemoryCgroup final {
 public:
  // None where the system does not let this user make one.
  static std::optional<MemoryCgroup> create(std::size_t limit);

  MemoryCgroup(MemoryCgroup&& other) noexcept;
  MemoryCgroup& operator=(MemoryCgroup&&) = delete;
  ~MemoryCgroup();

  // The calling process, a Child, is in it from now on.
  void enter() const;

 private:
  explicit MemoryCgroup(std::string folder) : folder_(std::move(folder)) {}
  static std::optional<MemoryCgroup> create_in(const std::string& parent, const char* limit_file,
                                               std::size_t limit);

  std::string folder_;  // empty: moved from
};

}  // namespace troupe::harness
