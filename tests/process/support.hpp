// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of processes look at from outside: descriptors, children, other programs.

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace troupe::test {

// The descriptors that this process has open.
std::set<int> open_fds();

// The processes whose parent is `parent`, dead ones that nobody has reaped included.
std::set<pid_t> children_of(pid_t parent);
// 'R', 'S', 'T', 'Z', …; '-' when there is no such process.
char state_of(pid_t pid);
// Blocks until `pid` is gone, or a zombie.
void wait_until_ended(pid_t pid);
// Blocks until `pid` is in `state`.
void wait_until_in_state(pid_t pid, char state);

struct Ends {
  UniqueFd reader;
  UniqueFd writer;
};
Ends make_pipe();
// All that comes until the end.
std::string read_all(const UniqueFd& reader);
std::string read_file(const std::string& path);
void write_text(const UniqueFd& writer, const std::string& text);
// One line, without its end; "" at the end.
std::string read_line(const UniqueFd& reader);

// A program that runs beside the test, with its output to read and its input to write.
class Program final {
 public:
  // tests/process/program.cpp in the role `arguments`.
  static Program in_role(std::vector<std::string> arguments);
  static Program run(std::vector<std::string> command);
  Program(Program&&) = default;
  Program& operator=(Program&&) = delete;
  ~Program();

  pid_t pid() const { return pid_; }
  std::string read_line() { return test::read_line(output_); }
  void send_line(const std::string& text) { write_text(input_, text + "\n"); }
  void close_input() { input_.reset(); }
  void signal(int number) const;
  // Its remaining output, once it has closed that.
  std::string read_all() { return test::read_all(output_); }
  // How it ended.
  Exit wait();

 private:
  Program(pid_t pid, UniqueFd input, UniqueFd output);

  pid_t pid_;
  UniqueFd input_;
  UniqueFd output_;
};

}  // namespace troupe::test
