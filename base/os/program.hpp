// SPDX-License-Identifier: Apache-2.0
#pragma once

// Another program, started without copying anything of this one (vfork and exec), from any thread.

#include "troupe/base/os/clone.hpp"
#include "troupe/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::os {

// A descriptor of the starter's, and the number that the program finds it as.
struct Placed {
  int from = -1;
  int as = -1;
};

// Whose process group the program is in.
enum class Group : std::uint8_t {
  starters,
  own,      // it leads one
  other,    // it joins one of the session
  session,  // it leads a session, without a terminal
};

// Whose rights a program has. What is not set is the starter's, who needs the right to set it.
struct Credentials {
  std::optional<uid_t> user{};
  std::optional<gid_t> group{};
  std::optional<std::vector<gid_t>> extra_groups{};

  bool are_the_starters() const noexcept { return !user && !group && !extra_groups; }
};

// What a program is started with; everything else is as the caller has it.
struct Program {
  std::string path;
  std::string described{};  // what errors call it: "'/bin/ls'"
  // Where else it may be: they are tried in order when there is none at `path`, or no right to it.
  std::vector<std::string> further_paths{};
  std::vector<std::string> arguments;    // the first is the name it goes by
  std::vector<std::string> environment;  // NAME=value
  std::string directory{};               // empty: the starter's
  std::vector<Placed> fds{};             // each number once
  bool starters_input = false;           // false: /dev/null, where `fds` has no other
  Group group = Group::starters;
  pid_t other_group = 0;          // of Group::other: which
  Credentials credentials{};      // taken on after its directory
  std::optional<mode_t> umask{};  // none: the starter's
  // The kernel kills it when the thread that starts it ends. Lost over an exec that changes
  // credentials, and not inherited by its children.
  bool dies_with_thread = false;
};
inline constexpr int kInheritedFd = 3;  // the first that is no standard stream

// Starts `program` with an empty signal mask and default dispositions, with no descriptor but the
// standard streams (/dev/null where the starter has closed one) and `fds`. Unlike a copy it is
// known to waitpid(-1) and ends with a SIGCHLD. Blocks until the program runs; with credentials of
// its own that is the time of a fork. Errors: system, which names what failed.
Result<Cloned> start_program(const Program& program);

}  // namespace troupe::os
