// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs as the tree that their processes are.

#include "tools/programs.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::tools {

struct TreeRow {
  std::int64_t pid = 0;
  std::string branch;                // what stands before the name: "└ "
  const Program* program = nullptr;  // null: a process that has no actors
};

// Each program once, its children directly behind it. `programs` must live as long as the rows.
std::vector<TreeRow> tree_of(const std::vector<Program>& programs);

}  // namespace troupe::tools
