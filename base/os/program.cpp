// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/program.hpp"

#include "troupe/base/os/thread_sanitizer.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigfillset is POSIX
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#ifdef TROUPE_THREAD_SANITIZER
// The sanitizer takes clone for a fork; this is its other name in libc.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): libc's
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...) noexcept;
#define TROUPE_CLONE ::__clone
#else
#define TROUPE_CLONE ::clone
#endif
// The child runs in the starter's memory, which no sanitizer can know.
#define TROUPE_NOT_SANITIZED __attribute__((no_sanitize("address", "thread", "undefined")))

namespace troupe::os {
namespace {

constexpr std::size_t kStackBytes = 64 << 10U;
constexpr unsigned kMostFds = 1U << 16U;  // closed one by one where close_range is refused

// What the child needs, prepared by the starter: the child may not allocate.
struct Launch {
  const char* path = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int null = -1;       // /dev/null, above kInheritedFd
  int inherited = -1;  // above kInheritedFd, or -1
  int error = 0;       // the errno of what failed
};

template <class... Arguments>
TROUPE_NOT_SANITIZED long call(long number, Arguments... arguments) noexcept {
  return ::syscall(number, arguments...);
}

TROUPE_NOT_SANITIZED void reset_signals() noexcept {
  // The kernel's struct sigaction: all zeros is the default. libc's sigaction would write down
  // elsewhere what it did, in memory that is the starter's.
  struct Default {
    std::array<unsigned long, 4> zeros;
  };
  constexpr std::size_t kSetBytes = 8;
  const Default none{};
  for (int number = 1; number < 65; ++number) {
    call(SYS_rt_sigaction, number, &none, nullptr, kSetBytes);
  }
  call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kSetBytes);
}

TROUPE_NOT_SANITIZED void close_from(unsigned first) noexcept {
  if (call(SYS_close_range, first, ~0U, 0) == 0) return;
  for (unsigned fd = first; fd < kMostFds; ++fd) {
    call(SYS_close, fd);
  }
}

// NOLINTNEXTLINE(readability-non-const-parameter): clone's signature
TROUPE_NOT_SANITIZED int run_launch(void* pointer) noexcept {
  auto& launch = *static_cast<Launch*>(pointer);
  reset_signals();
  call(SYS_dup3, launch.null, STDIN_FILENO, 0);
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    // Some close-on-exec descriptor may have the number of an output that is closed.
    const long flags = call(SYS_fcntl, output, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
      call(SYS_dup3, launch.null, output, 0);
    }
  }
  if (launch.inherited >= 0) {
    call(SYS_dup3, launch.inherited, kInheritedFd, 0);
  }
  close_from(launch.inherited >= 0 ? kInheritedFd + 1 : kInheritedFd);
  call(SYS_execve, launch.path, launch.arguments, launch.environment);
  launch.error = errno;
  call(SYS_exit_group, 127);
  return 127;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve's signature; it does not write
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Runs `launch` in the starter's memory, on a stack of its own, while the calling thread waits for
// the exec. No signal handler of the starter may run there, hence the mask.
long start(Launch& launch, int& pidfd) {
  const auto stack = std::make_unique<std::array<std::byte, kStackBytes>>();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  const long pid = TROUPE_CLONE(run_launch, stack->data() + stack->size(), kFlags, &launch, &pidfd);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<Cloned> start_program(const Program& program) {
  const std::vector<char*> arguments = pointers_to(program.arguments);
  const std::vector<char*> environment = pointers_to(program.environment);
  // Above everything that the child puts in place.
  const UniqueFd opened{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const UniqueFd null{opened ? ::fcntl(opened.get(), F_DUPFD_CLOEXEC, kInheritedFd + 1) : -1};
  if (!null) {
    return Error::system("open /dev/null for '" + program.path + "'", errno);
  }
  UniqueFd inherited;
  if (program.inherited >= 0) {
    inherited = UniqueFd{::fcntl(program.inherited, F_DUPFD_CLOEXEC, kInheritedFd + 1)};
    if (!inherited) {
      return Error::system("pass a descriptor to '" + program.path + "'", errno);
    }
  }

  Launch launch{program.path.c_str(), arguments.data(), environment.data(), null.get(),
                inherited.get()};
  int pidfd = -1;
  const long pid = start(launch, pidfd);
  if (pid < 0) {
    return Error::system("start '" + program.path + "'", errno);
  }
  Cloned cloned{static_cast<pid_t>(pid), UniqueFd{pidfd}};
  if (launch.error != 0) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
    return Error::system("execute '" + program.path + "'", launch.error);
  }
  return cloned;
}

}  // namespace troupe::os
