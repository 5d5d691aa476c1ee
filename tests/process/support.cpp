// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include "troupe/base/check.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

namespace troupe::test {
namespace {

struct Stat {
  char state = '-';
  pid_t parent = 0;
};

Stat stat_of(const std::string& pid) {
  const std::string text = read_file("/proc/" + pid + "/stat");
  const std::size_t name_end = text.rfind(')');
  Stat stat;
  if (name_end != std::string::npos) {
    std::istringstream rest{text.substr(name_end + 1)};
    rest >> stat.state >> stat.parent;
  }
  return stat;
}

// What others do cannot be waited for without looking again and again.
template <class Condition>
void wait_until(Condition condition) {
  while (!condition()) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

}  // namespace

std::set<int> open_fds() {
  std::set<int> fds;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir("/proc/self/fd"), ::closedir};
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') fds.insert(std::stoi(entry->d_name));
  }
  fds.erase(::dirfd(directory.get()));
  return fds;
}

std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        stat_of(name).parent == parent) {
      children.insert(std::stoi(name));
    }
  }
  return children;
}

char state_of(pid_t pid) {
  return stat_of(std::to_string(pid)).state;
}

void wait_until_ended(pid_t pid) {
  wait_until([pid] { return state_of(pid) == '-' || state_of(pid) == 'Z'; });
}

void wait_until_in_state(pid_t pid, char state) {
  wait_until([=] { return state_of(pid) == state; });
}

Ends make_pipe() {
  std::array<int, 2> ends{-1, -1};
  TROUPE_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

std::string read_all(const UniqueFd& reader) {
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t count = ::read(reader.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write_text(const UniqueFd& writer, const std::string& text) {
  TROUPE_CHECK(::write(writer.get(), text.data(), text.size()) ==
               static_cast<ssize_t>(text.size()));
}

std::string read_line(const UniqueFd& reader) {
  std::string line;
  for (char byte = 0; ::read(reader.get(), &byte, 1) == 1 && byte != '\n';) {
    line += byte;
  }
  return line;
}

Program Program::in_role(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TROUPE_TEST_PROGRAM);
  return run(std::move(arguments));
}

Program Program::run(std::vector<std::string> command) {
  Ends input = make_pipe();
  Ends output = make_pipe();
  std::vector<char*> arguments;
  for (std::string& word : command)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.reader.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.writer.get(), STDOUT_FILENO);
  pid_t pid = 0;
  TROUPE_CHECK(::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) ==
               0);
  ::posix_spawn_file_actions_destroy(&actions);
  return Program{pid, std::move(input.writer), std::move(output.reader)};
}

Program::Program(pid_t pid, UniqueFd input, UniqueFd output)
    : pid_(pid), input_(std::move(input)), output_(std::move(output)) {}

Program::~Program() {
  if (input_ || output_) {
    ::kill(pid_, SIGKILL);
    wait();
  }
}

void Program::signal(int number) const {
  TROUPE_CHECK(::kill(pid_, number) == 0);
}

Exit Program::wait() {
  input_.reset();
  output_.reset();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  Exit exit;
  if (WIFSIGNALED(status)) {
    exit.kind = Exit::Kind::killed;
    exit.signal = WTERMSIG(status);
  } else if (WEXITSTATUS(status) != 0) {
    exit.kind = Exit::Kind::exited;
    exit.code = WEXITSTATUS(status);
  }
  return exit;
}

}  // namespace troupe::test
