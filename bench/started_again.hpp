// SPDX-License-Identifier: Apache-2.0
#pragma once

// How this program is started again by what it measures: its own Runtime, which executes it for
// processes that no zygote can make, and the floor of that. main looks for both before anything.

#include <array>

namespace bench {

// main makes a Runtime, which does not return.
inline constexpr const char* kBeAChild = "--as-a-child";
// main returns.
inline constexpr const char* kReturnAtOnce = "--return-at-once";

// The arguments for the Runtime of a process that measures.
class StartedAgain final {
 public:
  int& argc() noexcept { return count_; }
  char** argv() noexcept { return words_.data(); }

 private:
  int count_ = 2;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): nobody writes to them
  std::array<char*, 3> words_{const_cast<char*>("troupe_bench"), const_cast<char*>(kBeAChild),
                              nullptr};
};

}  // namespace bench
