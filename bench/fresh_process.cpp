// SPDX-License-Identifier: Apache-2.0
#include "fresh_process.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {
namespace {

using troupe::UniqueFd;

constexpr std::chrono::milliseconds kLongest{std::chrono::minutes{1}};

struct Report {
  bool failed = true;
  double figure = 0;
  std::array<char, 400> failure{};
};
static_assert(sizeof(Report) < 4096, "a pipe takes it at once");

[[noreturn]] void throw_errno(const char* doing) {
  throw std::system_error{errno, std::generic_category(), doing};
}

pid_t fork_bound_to_us() {
  const pid_t us = ::getpid();
  std::fflush(nullptr);  // what is buffered is printed once
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw_errno("fork");
  }
  if (pid == 0 && (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != us)) {
    ::_exit(1);
  }
  return pid;
}

Report report_of(const std::function<double()>& figure) {
  Report report;
  const auto keep = [&](std::string_view why) {
    why.copy(report.failure.data(), report.failure.size() - 1);
  };
  try {
    report.figure = figure();
    report.failed = false;
  } catch (const std::exception& error) {
    keep(error.what());
  } catch (...) {
    keep("threw what is no exception");
  }
  return report;
}

bool ended_in_time(pid_t pid) {
  const UniqueFd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  pollfd item{process.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&item, 1, static_cast<int>(kLongest.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

double in_fresh_process(const std::function<double()>& figure) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    throw_errno("pipe");
  }
  const UniqueFd reader{ends[0]};
  UniqueFd writer{ends[1]};

  const pid_t pid = fork_bound_to_us();
  if (pid == 0) {
    ::setpgid(0, 0);
    const Report report = report_of(figure);
    const bool told = ::write(writer.get(), &report, sizeof report) == sizeof report;
    ::_exit(told ? 0 : 1);
  }
  writer.reset();
  const bool ended = ended_in_time(pid);
  ::kill(-pid, SIGKILL);  // and whoever it left behind in its group
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);

  Report report;
  if (::read(reader.get(), &report, sizeof report) != sizeof report) {
    throw std::runtime_error{!ended ? std::string{"not done after a minute"}
                                    : "died, status " + std::to_string(status)};
  }
  if (report.failed) {
    throw std::runtime_error{report.failure.data()};
  }
  return report.figure;
}

Partner::Partner(const std::function<void()>& body) : pid_(fork_bound_to_us()) {
  if (pid_ == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      const std::string text = std::string{"bench: the partner failed: "} + error.what() + "\n";
      (void)!::write(STDERR_FILENO, text.data(), text.size());
      ::_exit(1);
    }
    ::_exit(0);
  }
}

void Partner::kill() const {
  ::kill(pid_, SIGKILL);
}

Partner::~Partner() {
  kill();
  ::waitpid(pid_, nullptr, 0);
}

FoundPartner::Channel::Channel() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  reader = UniqueFd{ends[0]};
  writer = UniqueFd{ends[1]};
}

FoundPartner::FoundPartner(const std::function<void(const Tell& tell)>& body)
    : process_([&] {
        body([&](const std::string& where) {
          const std::string line = where + "\n";
          if (::write(channel_.writer.get(), line.data(), line.size()) < 0) throw_errno("write");
          for (;;) {
            ::pause();
          }
        });
      }) {
  channel_.writer.reset();
  char letter = 0;
  while (::read(channel_.reader.get(), &letter, 1) == 1 && letter != '\n') {
    where_ += letter;
  }
  if (letter != '\n') throw std::runtime_error{"a partner ended before it could be found"};
}

}  // namespace bench
