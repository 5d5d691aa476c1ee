// SPDX-License-Identifier: Apache-2.0
#include "roudi.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {
namespace {

using troupe::UniqueFd;
using namespace std::chrono_literals;

constexpr std::string_view kReady = "ready for clients";

struct Channel {
  UniqueFd reader;
  UniqueFd writer;
};

Channel open_channel() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

[[noreturn]] void become_roudi(int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execlp("iox-roudi", "iox-roudi", nullptr);
  constexpr std::string_view kAbsent = "it is not installed\n";
  (void)!::write(STDERR_FILENO, kAbsent.data(), kAbsent.size());
  ::_exit(127);
}

// What it says until it is ready, or to its end, or for too long.
std::string first_words(int output) {
  using Clock = std::chrono::steady_clock;
  std::string text;
  std::array<char, 512> some{};
  pollfd item{output, POLLIN, 0};
  const auto until = Clock::now() + 20s;
  while (text.find(kReady) == std::string::npos && Clock::now() < until) {
    if (::poll(&item, 1, 100) <= 0) continue;
    const ssize_t count = ::read(output, some.data(), some.size());
    if (count <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(count));
  }
  return text;
}

// The names of the shared memory it has made, by what it says of each.
std::vector<std::string> memory_made(std::string_view words) {
  constexpr std::string_view kMaking = "in the shared memory [";
  std::vector<std::string> names;
  for (std::size_t at = 0; (at = words.find(kMaking, at)) != std::string_view::npos;) {
    at += kMaking.size();
    names.emplace_back(words.substr(at, words.find(']', at) - at));
  }
  return names;
}

// Where the text of a line of its log begins.
std::size_t after_prefix(std::string_view line) {
  constexpr std::string_view kPrefixEnd = "\033[m: ";
  const std::size_t at = line.find(kPrefixEnd);
  return at == std::string_view::npos ? 0 : at + kPrefixEnd.size();
}

// The sentence that says why it does not serve: one that calls itself fatal, or else the last.
std::string reason(std::string_view words) {
  std::string found;
  while (!words.empty()) {
    const std::string_view line = words.substr(0, words.find('\n'));
    words.remove_prefix(std::min(line.size() + 1, words.size()));
    if (!line.empty()) found = line.substr(after_prefix(line));
    if (line.find("atal") != std::string_view::npos) break;
  }
  return found.substr(0, found.find(". "));
}

void remove_leftovers(const std::string& words, const std::vector<std::string>& members) {
  const auto memory = memory_made(words);
  if (memory.empty()) return;  // another one is running, whose names are the same
  for (const std::string& name : memory) {
    ::unlink(("/dev/shm/" + name).c_str());
  }
  for (const char* path : {"/tmp/roudi", "/tmp/roudi.lock", "/tmp/iox-unique-roudi.lock"}) {
    ::unlink(path);
  }
  for (const std::string& name : members) {
    ::unlink(("/tmp/" + name).c_str());
    ::unlink(("/tmp/" + name + ".lock").c_str());
  }
}

// The life of the keeper: starts the daemon, tells `report` why it does not serve, or nothing, and
// ends it when `life` closes. It is killed, since it aborts when it is asked to end after those
// that it served.
void keep(UniqueFd life, UniqueFd report, const std::vector<std::string>& members) {
  ::setpgid(0, 0);  // who ends the group of the measuring process leaves it alone
  Channel output = open_channel();
  const pid_t roudi = ::fork();
  if (roudi < 0) {
    constexpr std::string_view kNoFork = "iox-roudi: fork";
    (void)!::write(report.get(), kNoFork.data(), kNoFork.size());
    return;
  }
  if (roudi == 0) become_roudi(output.writer.get());
  output.writer.reset();
  const std::string words = first_words(output.reader.get());
  if (words.find(kReady) == std::string::npos) {
    const std::string why = "iox-roudi: " + reason(words);
    (void)!::write(report.get(), why.data(), why.size());
  } else {
    report.reset();
    std::byte nothing{};
    while (::read(life.get(), &nothing, 1) < 0 && errno == EINTR) {
    }
  }
  ::kill(roudi, SIGKILL);
  ::waitpid(roudi, nullptr, 0);
  remove_leftovers(words, members);
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 256> some{};
  for (ssize_t count = 0; (count = ::read(fd, some.data(), some.size())) > 0;) {
    text.append(some.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Roudi::Roudi(const std::vector<std::string>& members) {
  Channel life = open_channel();
  Channel report = open_channel();
  keeper_ = ::fork();
  if (keeper_ < 0) throw std::runtime_error{"fork"};
  if (keeper_ == 0) {
    life.writer.reset();
    report.reader.reset();
    keep(std::move(life.reader), std::move(report.writer), members);
    ::_exit(0);
  }
  life_ = std::move(life.writer);
  report.writer.reset();
  const std::string why = read_to_end(report.reader.get());
  if (!why.empty()) {
    ::waitpid(keeper_, nullptr, 0);
    throw std::runtime_error{why};
  }
}

Roudi::~Roudi() {
  life_.reset();
  ::waitpid(keeper_, nullptr, 0);
}

}  // namespace bench
