// SPDX-License-Identifier: Apache-2.0
#pragma once

// Surroundings: what a process has besides memory and descriptors, and a child is expected to
// inherit. A child of the zygote would get the zygote's, as they were before main: so the starter
// sends what differs now, and the child puts it in place. Owner thread only, but for the values.
//
// Not carried: what belongs to a thread (affinity, priority), and what nobody can put back (a root
// directory or a seccomp filter that is new): a difference there is refused. A change of namespaces
// and of the capability bounding set is not seen.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::process {

struct Credentials {
  std::array<std::uint32_t, 3> users{};   // real, effective, saved
  std::array<std::uint32_t, 3> groups{};  // the same
  std::vector<std::uint32_t> supplementary;
  std::array<std::uint32_t, 6> capabilities{};  // as capget has them
  bool no_new_privileges = false;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Limit {
  std::int32_t resource = 0;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;

  friend bool operator==(const Limit&, const Limit&) = default;
};

// What a child is told. A message.
struct Changes {
  std::optional<std::vector<std::string>> environment;  // all of it, NAME=value
  std::optional<Credentials> credentials;
  std::optional<std::uint32_t> umask;
  std::vector<Limit> limits;
  bool directory = false;  // a descriptor of it comes along
};

// What names a directory whatever its path.
struct DirectoryId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const DirectoryId&, const DirectoryId&) = default;
};

class Surroundings final {
 public:
  // Those of this process now. Without /proc, and with several threads, asking for the umask
  // changes it for a moment.
  static Surroundings now();

  // What has changed since: it makes a process with these into one with those of now. `directory`
  // is set when that is part of it. Errors: refused, naming what cannot be carried; system.
  Result<Changes> changes_since(UniqueFd& directory) const;

 private:
  std::vector<std::string> environment_;
  Credentials credentials_;
  std::uint32_t umask_ = 0;
  std::vector<Limit> limits_;
  DirectoryId directory_;
  DirectoryId root_;
  int seccomp_ = 0;
};

// Puts `changes` in place, in a child. Errors: refused, naming what this process may not do.
Result<void> apply(const Changes& changes, const UniqueFd& directory);

}  // namespace troupe::process
