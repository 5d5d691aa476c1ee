// SPDX-License-Identifier: Apache-2.0
#pragma once

// Launch: the program, executed anew in order to become a zygote or a child. It finds out by an
// environment variable and an inherited socket, when it makes its Runtime in main.

#include "troupe/base/os/clone.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::process {

enum class Role : std::uint8_t { zygote, child };

struct Launched {
  std::string program;  // its path
  os::Cloned process;
  UniqueFd control;
};

// Starts `executable` (empty: this program) with `arguments`. Errors: system, refused.
Result<Launched> launch(Role role, const std::string& executable,
                        const std::vector<std::string>& arguments);

// Ends a program that was launched and did not take up its role, and says how it behaved: refused.
Error never_checked_in(const std::string& program, pid_t pid, int pidfd);

// What this program was launched for; `control` is set then. Only the first call says so.
std::optional<Role> claim_role(UniqueFd& control);

}  // namespace troupe::process
