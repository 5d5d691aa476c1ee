// SPDX-License-Identifier: Apache-2.0
#include "syscall_counter.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise and SIGSTOP with ptrace
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {
namespace {

// Calls that nobody else makes: they fail, and the tracer sees them.
constexpr long kBegin = 1'000'001;
constexpr long kEnd = 1'000'002;
constexpr int kUncounted = 200;  // steps before: what learns has learned, what grows has grown

constexpr unsigned long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

// The process that a thread belongs to.
pid_t process_of(pid_t thread) {
  std::ifstream file{"/proc/" + std::to_string(thread) + "/status"};
  for (std::string word; file >> word;) {
    pid_t process = 0;
    if (word == "Tgid:" && file >> process) return process;
  }
  return thread;
}

class Tracer final {
 public:
  // Follows `child`, which has stopped itself, to its end and that of all it starts.
  void follow(pid_t child) {
    if (::ptrace(PTRACE_SETOPTIONS, child, 0, kOptions) != 0) {
      throw std::system_error{errno, std::generic_category(), "ptrace"};
    }
    resume(child, 0);
    for (;;) {
      int status = 0;
      const pid_t thread = ::waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) return;
      if (WIFSTOPPED(status)) {
        resume(thread, stopped(thread, status));
      }
    }
  }

  // Whether all that was to be counted was.
  bool complete() const noexcept { return ended_; }

  // Of the process with the most of them.
  long most() const {
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto most = std::ranges::max_element(calls_, by_count);
    return most == calls_.end() ? 0 : most->second;
  }

 private:
  static void resume(pid_t thread, int signal) {
    ::ptrace(PTRACE_SYSCALL, thread, 0, static_cast<unsigned long>(signal));
  }

  // The signal to deliver as the thread goes on.
  int stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      count(thread);
      return 0;
    }
    const bool is_event = (status >> 16) != 0;
    const bool is_new = known_.emplace(thread, 0).second && signal == SIGSTOP;
    return is_event || is_new ? 0 : signal;
  }

  void count(pid_t thread) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY) {
      return;
    }
    const auto number = static_cast<long>(info.entry.nr);
    if (number == kBegin || number == kEnd) {
      counting_ = number == kBegin;
      ended_ = number == kEnd;
    } else if (counting_) {
      pid_t& process = known_[thread];
      if (process == 0) {
        process = process_of(thread);
      }
      ++calls_[process];
    }
  }

  bool counting_ = false;
  bool ended_ = false;
  std::map<pid_t, pid_t> known_;  // threads, and their processes where they were asked for
  std::map<pid_t, long> calls_;   // by process
};

}  // namespace

double most_syscalls_a_step(int steps, const std::function<void(const Meter&)>& body) {
  const pid_t child = ::fork();
  if (child < 0) {
    throw std::system_error{errno, std::generic_category(), "fork"};
  }
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    body([steps](const std::function<void()>& step) {
      const auto repeat = [&](int times) {
        for (int i = 0; i < times; ++i) {
          step();
        }
      };
      repeat(kUncounted);
      ::syscall(kBegin);
      repeat(steps);
      ::syscall(kEnd);
      return 0.0;
    });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) {
    throw std::runtime_error{"tracing is not allowed here"};
  }
  Tracer tracer;
  tracer.follow(child);
  if (!tracer.complete()) {
    throw std::runtime_error{"it ended before its calls were counted"};
  }
  return static_cast<double>(tracer.most()) / steps;
}

}  // namespace bench
