// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/pidfd.hpp"

#include "troupe/base/os/kernel.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill and siginfo_t are not in <csignal>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

namespace troupe::os {
namespace {

// PIDFD_GET_INFO of linux/pidfd.h, which Debian 12 lacks.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t pid;
  std::uint32_t tgid;
  std::uint32_t ppid;
  std::uint32_t credentials[8];  // NOLINT(modernize-avoid-c-arrays): the kernel's layout
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);
constexpr std::uint64_t kInfoExit = 1U << 3U;

ProcessStatus status_of(int wait_status) noexcept {
  ProcessStatus status{ProcessStatus::State::ended};
  if (WIFSIGNALED(wait_status)) {
    status.signal = WTERMSIG(wait_status);
  } else {
    status.code = WEXITSTATUS(wait_status);
  }
  return status;
}

ProcessStatus status_without_wait(int pidfd) noexcept {
  pollfd ended{pidfd, POLLIN, 0};
  if (::poll(&ended, 1, 0) == 0) {
    return {ProcessStatus::State::running};
  }
  if (kernel_has(KernelFeature::pidfd_info)) {
    PidfdInfo info{};
    info.mask = kInfoExit;
    if (::ioctl(pidfd, kGetInfo, &info) == 0 && (info.mask & kInfoExit) != 0) {
      return status_of(info.exit_code);
    }
  }
  return {ProcessStatus::State::taken};
}

ProcessStatus wait_without_blocking(int pidfd, int options) noexcept {
  siginfo_t info{};
  // __WALL: children of the zygote are "clone children", which a plain wait does not see.
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | __WALL | options) <
      0) {
    return status_without_wait(pidfd);
  }
  if (info.si_pid == 0) {
    return {ProcessStatus::State::running};
  }
  ProcessStatus status{ProcessStatus::State::ended};
  (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
  return status;
}

}  // namespace

Result<UniqueFd> open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) {
    return Error::system("open a pidfd of process " + std::to_string(pid), errno);
  }
  return UniqueFd{static_cast<int>(fd)};
}

Result<void> send_signal(int pidfd, pid_t pid, int number) {
  if (number < 0 || number > SIGRTMAX) {
    return Error{Code::invalid_argument, "there is no signal " + std::to_string(number)};
  }
  if (::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0 || errno == ESRCH) {
    return {};
  }
  if ((errno == ENOSYS || errno == EPERM) && (::kill(pid, number) == 0 || errno == ESRCH)) {
    return {};
  }
  return Error::system(
      "send signal " + std::to_string(number) + " to process " + std::to_string(pid), errno);
}

bool wait_for_end(int pidfd, std::chrono::milliseconds time) noexcept {
  const auto until = std::chrono::steady_clock::now() + time;
  pollfd ended{pidfd, POLLIN, 0};
  for (auto left = time;; left = std::chrono::ceil<std::chrono::milliseconds>(
                              until - std::chrono::steady_clock::now())) {
    const int ready = ::poll(&ended, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0) {
      return true;
    }
    if (ready == 0 || errno != EINTR) {
      return false;
    }
  }
}

Result<void> send_signal_to_group(int pidfd, pid_t pid, int number) {
  constexpr unsigned kToGroup = 1U << 2U;  // PIDFD_SIGNAL_PROCESS_GROUP, which Debian 12 lacks
  if (::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, kToGroup) == 0 || errno == ESRCH ||
      pid == 0 || ::kill(-pid, number) == 0 || errno == ESRCH) {
    return {};
  }
  return Error::system(
      "send signal " + std::to_string(number) + " to the process group " + std::to_string(pid),
      errno);
}

ProcessStatus try_reap(int pidfd) noexcept {
  return wait_without_blocking(pidfd, 0);
}

ProcessStatus look_at(int pidfd) noexcept {
  return wait_without_blocking(pidfd, WNOWAIT);
}

UniqueFd peer_pidfd(int socket) noexcept {
  constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD, which Debian 12 lacks
  int fd = -1;
  socklen_t size = sizeof fd;
  if (::getsockopt(socket, SOL_SOCKET, kPeerPidfd, &fd, &size) != 0) {
    return {};
  }
  return UniqueFd{fd};
}

}  // namespace troupe::os
