// SPDX-License-Identifier: Apache-2.0
#include "child_program.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

using troupe::UniqueFd;

constexpr int kAbsent = 127;  // as shells say it

[[noreturn]] void become(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::execvp(pointers.front(), pointers.data());
  ::_exit(kAbsent);
}

}  // namespace

ChildProgram::ChildProgram(std::vector<std::string> words) : name_(words.front()) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
  stdout_ = UniqueFd{ends[0]};
  const UniqueFd writer{ends[1]};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"fork"};
  if (pid_ == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    become(words);
  }
}

ChildProgram::~ChildProgram() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProgram::expect_alive() {
  int status = 0;
  if (pid_ >= 0 && ::waitpid(pid_, &status, WNOHANG) == 0) return;
  pid_ = -1;
  throw_ended(status);
}

std::string ChildProgram::line() {
  std::string text;
  char letter = 0;
  while (::read(stdout_.get(), &letter, 1) == 1) {
    if (letter == '\n') return text;
    text += letter;
  }
  throw_ended(wait());
}

std::string ChildProgram::output() {
  std::string text;
  std::array<char, 512> some{};
  for (ssize_t count = 0; (count = ::read(stdout_.get(), some.data(), some.size())) > 0;) {
    text.append(some.data(), static_cast<std::size_t>(count));
  }
  const int status = wait();
  if (status != 0 || text.empty()) throw_ended(status);
  return text;
}

int ChildProgram::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

void ChildProgram::throw_ended(int status) const {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kAbsent) {
    throw std::runtime_error{name_ + ": it is not installed"};
  }
  throw std::runtime_error{name_ + " ended with status " + std::to_string(status)};
}

}  // namespace bench
