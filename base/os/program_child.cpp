// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/program_child.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIG_SETMASK is POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

// The child runs in the starter's memory, which no sanitizer can know.
#define TROUPE_NOT_SANITIZED __attribute__((no_sanitize("address", "thread", "undefined")))

namespace troupe::os {
namespace {

constexpr unsigned kMostFds = 1U << 16U;  // closed one by one where close_range is refused

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
  launch.report->error = errno;
  return false;
}

// The child's table of descriptors is its own, whatever it shares otherwise.
TROUPE_NOT_SANITIZED bool place_fds(Launch& launch) noexcept {
  // First out of each other's way.
  launch.report->step = Step::descriptors;
  for (std::size_t i = 0; i < launch.fd_count; ++i) {
    const long copy = call(SYS_fcntl, launch.fds[i].from, F_DUPFD_CLOEXEC, launch.above);
    if (!worked(launch, copy)) return false;
    launch.copies[i] = static_cast<int>(copy);
  }
  launch.report->step = Step::streams;
  for (int stream = 0; stream < kInheritedFd; ++stream) {
    // Some close-on-exec descriptor may have the number of an output that is closed.
    const long flags = call(SYS_fcntl, stream, F_GETFD);
    const bool wanted = stream != STDIN_FILENO || launch.starters_input;
    if (wanted && flags >= 0 && (flags & FD_CLOEXEC) == 0) continue;
    if (!worked(launch, call(SYS_dup3, launch.null, stream, 0))) return false;
  }
  launch.report->step = Step::descriptors;
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

TROUPE_NOT_SANITIZED bool join_group(Launch& launch) noexcept {
  launch.report->step = Step::process_group;
  switch (launch.group) {
    case Group::starters:
      return true;
    case Group::own:
      return worked(launch, call(SYS_setpgid, 0, 0));
    case Group::other:
      return worked(launch, call(SYS_setpgid, 0, launch.other_group));
    case Group::session:
      return worked(launch, call(SYS_setsid));
  }
  return true;
}

// The system calls themselves: libc's would have all threads of the starter do the same. The user
// comes last, who may lack the right to the rest.
TROUPE_NOT_SANITIZED bool take_credentials(Launch& launch) noexcept {
  launch.report->step = Step::extra_groups;
  if (launch.extra_group_count >= 0 &&
      !worked(launch, call(SYS_setgroups, launch.extra_group_count, launch.extra_groups))) {
    return false;
  }
  launch.report->step = Step::group;
  if (const gid_t* const its = launch.primary_group;
      its != nullptr && !worked(launch, call(SYS_setresgid, *its, *its, *its))) {
    return false;
  }
  launch.report->step = Step::user;
  const uid_t* const its = launch.user;
  return its == nullptr || worked(launch, call(SYS_setresuid, *its, *its, *its));
}

TROUPE_NOT_SANITIZED bool settle(Launch& launch) noexcept {
  if (!join_group(launch)) return false;
  launch.report->step = Step::directory;
  if (launch.directory != nullptr && !worked(launch, call(SYS_chdir, launch.directory))) {
    return false;
  }
  if (launch.umask != nullptr) call(SYS_umask, *launch.umask);
  if (!take_credentials(launch)) return false;
  if (launch.dies_with_thread) {  // last: it is lost with a change of the credentials
    launch.report->step = Step::death_signal;
    if (!worked(launch, call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))) return false;
    // Of a starter that has ended before that, no signal comes.
    if (call(SYS_getppid) != launch.starter) call(SYS_exit_group, 127);
  }
  return true;
}

// Returns only when nothing could be executed.
TROUPE_NOT_SANITIZED void execute(Launch& launch) noexcept {
  launch.report->step = Step::execute;
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
  launch.report->error = told;
}

}  // namespace

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

}  // namespace troupe::os
