// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program that a peer needs in a process of its own, and what it prints. It dies with whoever
// started it, and with this object.

#include "troupe/base/unique_fd.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

class ChildProgram final {
 public:
  // The first word names the program: a path, or what PATH is searched for.
  explicit ChildProgram(std::vector<std::string> words);
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;
  ~ChildProgram();

  pid_t pid() const noexcept { return pid_; }

  // Throws when it has ended.
  void expect_alive();
  // The next line of its standard output, without its end. Throws when there is none.
  std::string line();
  // What it prints until it ends. Throws unless it prints something and ends well.
  std::string output();

 private:
  int wait();
  [[noreturn]] void throw_ended(int status) const;

  std::string name_;
  pid_t pid_ = -1;  // -1: it has ended
  troupe::UniqueFd stdout_;
};

}  // namespace bench
