// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/program.hpp"

#include "troupe/base/os/thread_sanitizer.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigfillset is POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
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

// What the child was doing when it failed.
enum class Step : std::uint8_t { streams, descriptors, group, directory, execute };

// What the child needs, prepared by the starter: the child may not allocate.
struct Launch {
  const char* const* paths = nullptr;  // null after the last
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: the starter's
  const Placed* fds = nullptr;
  int* copies = nullptr;      // of fds, above all numbers that it puts in place
  const int* kept = nullptr;  // those numbers, sorted
  std::size_t fd_count = 0;
  int above = 0;  // the least number above them
  int null = -1;  // /dev/null, above them
  bool starters_input = false;
  bool dies_with_thread = false;
  Group group = Group::starters;
  pid_t starter = 0;
  Step step = Step::streams;
  int error = 0;  // the errno of what failed
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

TROUPE_NOT_SANITIZED void close_between(unsigned first, unsigned last) noexcept {
  if (first > last || call(SYS_close_range, first, last, 0) == 0) return;
  for (unsigned fd = first; fd <= last && fd < kMostFds; ++fd) {
    call(SYS_close, fd);
  }
}

// Does not look at errno unless `result` says so: in a copy's memory errno is the starter's.
TROUPE_NOT_SANITIZED bool worked(Launch& launch, long result) noexcept {
  if (result >= 0) return true;
  launch.error = errno;
  return false;
}

// The child's table of descriptors is its own, whatever it shares otherwise.
TROUPE_NOT_SANITIZED bool place_fds(Launch& launch) noexcept {
  // First out of each other's way.
  launch.step = Step::descriptors;
  for (std::size_t i = 0; i < launch.fd_count; ++i) {
    const long copy = call(SYS_fcntl, launch.fds[i].from, F_DUPFD_CLOEXEC, launch.above);
    if (!worked(launch, copy)) return false;
    launch.copies[i] = static_cast<int>(copy);
  }
  launch.step = Step::streams;
  for (int stream = 0; stream < kInheritedFd; ++stream) {
    // Some close-on-exec descriptor may have the number of an output that is closed.
    const long flags = call(SYS_fcntl, stream, F_GETFD);
    const bool wanted = stream != STDIN_FILENO || launch.starters_input;
    if (wanted && flags >= 0 && (flags & FD_CLOEXEC) == 0) continue;
    if (!worked(launch, call(SYS_dup3, launch.null, stream, 0))) return false;
  }
  launch.step = Step::descriptors;
  for (std::size_t i = 0; i < launch.fd_count; ++i) {
    if (!worked(launch, call(SYS_dup3, launch.copies[i], launch.fds[i].as, 0))) return false;
  }
  unsigned next = kInheritedFd;
  for (std::size_t i = 0; i < launch.fd_count; ++i) {
    const int kept = launch.kept[i];
    if (kept < kInheritedFd) continue;
    close_between(next, static_cast<unsigned>(kept) - 1);
    next = static_cast<unsigned>(kept) + 1;
  }
  close_between(next, ~0U);
  return true;
}

TROUPE_NOT_SANITIZED bool settle(Launch& launch) noexcept {
  launch.step = Step::group;
  if (launch.group == Group::own && !worked(launch, call(SYS_setpgid, 0, 0))) return false;
  if (launch.group == Group::session && !worked(launch, call(SYS_setsid))) return false;
  if (launch.dies_with_thread) {
    if (!worked(launch, call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))) return false;
    // Of a starter that has ended before that, no signal comes.
    if (call(SYS_getppid) != launch.starter) call(SYS_exit_group, 127);
  }
  launch.step = Step::directory;
  return launch.directory == nullptr || worked(launch, call(SYS_chdir, launch.directory));
}

// Returns only when nothing could be executed.
TROUPE_NOT_SANITIZED void execute(Launch& launch) noexcept {
  launch.step = Step::execute;
  int told = 0;
  for (const char* const* path = launch.paths; *path != nullptr; ++path) {
    call(SYS_execve, *path, launch.arguments, launch.environment);
    const int error = errno;
    // As execvp: a right that is missing is told, unless a later path has the program.
    if (told != EACCES) told = error;
    if (error != ENOENT && error != ENOTDIR && error != EACCES) {
      told = error;
      break;
    }
  }
  launch.error = told;
}

// NOLINTNEXTLINE(readability-non-const-parameter): clone's signature
TROUPE_NOT_SANITIZED int run_launch(void* pointer) noexcept {
  auto& launch = *static_cast<Launch*>(pointer);
  reset_signals();
  if (place_fds(launch) && settle(launch)) {
    execute(launch);
  }
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

std::vector<const char*> paths_of(const Program& program) {
  std::vector<const char*> paths{program.path.c_str()};
  for (const std::string& path : program.further_paths) {
    paths.push_back(path.c_str());
  }
  paths.push_back(nullptr);
  return paths;
}

Error failed(const Program& program, const Launch& launch) {
  const std::string& name = program.described;
  switch (launch.step) {
    case Step::streams:
      return Error::system("start " + name + ": give it its standard streams", launch.error);
    case Step::descriptors:
      return Error::system("start " + name + ": give it its descriptors", launch.error);
    case Step::group:
      return Error::system("start " + name + ": make its process group", launch.error);
    case Step::directory:
      return Error::system(
          "start " + name + ": change to its directory '" + program.directory + "'", launch.error);
    case Step::execute:
      break;
  }
  const bool is_there = program.directory.empty() && ::access(program.path.c_str(), F_OK) == 0;
  return Error::system("execute " + name +
                           (launch.error == ENOENT && is_there
                                ? ", which is there: find the interpreter or loader that it names"
                                : ""),
                       launch.error);
}

}  // namespace

Result<Cloned> start_program(const Program& program) {
  const std::vector<char*> arguments = pointers_to(program.arguments);
  const std::vector<char*> environment = pointers_to(program.environment);
  const std::vector<const char*> paths = paths_of(program);
  std::vector<int> copies(program.fds.size());
  std::vector<int> kept;
  kept.reserve(program.fds.size());
  for (const Placed& placed : program.fds) {
    kept.push_back(placed.as);
  }
  std::ranges::sort(kept);
  // Above everything that the child puts in place.
  const int above = std::max(kInheritedFd, kept.empty() ? 0 : kept.back()) + 1;
  const UniqueFd opened{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const UniqueFd null{opened ? ::fcntl(opened.get(), F_DUPFD_CLOEXEC, above) : -1};
  if (!null) {
    return Error::system("open /dev/null for " + program.described, errno);
  }

  Launch launch{
      .paths = paths.data(),
      .arguments = arguments.data(),
      .environment = environment.data(),
      .directory = program.directory.empty() ? nullptr : program.directory.c_str(),
      .fds = program.fds.data(),
      .copies = copies.data(),
      .kept = kept.data(),
      .fd_count = kept.size(),
      .above = above,
      .null = null.get(),
      .starters_input = program.starters_input,
      .dies_with_thread = program.dies_with_thread,
      .group = program.group,
      .starter = ::getpid(),
  };
  int pidfd = -1;
  const long pid = start(launch, pidfd);
  if (pid < 0) {
    return Error::system("start " + program.described, errno);
  }
  Cloned cloned{static_cast<pid_t>(pid), UniqueFd{pidfd}};
  if (launch.error != 0) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
    return failed(program, launch);
  }
  return cloned;
}

}  // namespace troupe::os
