// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/child.hpp"

#include "troupe/base/os/pidfd.hpp"
#include "troupe/runtime/process/crash_report.hpp"
#include "troupe/runtime/process/internal/status_pipe.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <utility>

namespace troupe::process {
namespace {

// How long a process that was sent SIGKILL may take to be gone.
constexpr Duration kKillTime = std::chrono::seconds{10};

// From the kernel's word and the child's own, if it could still say something. The kernel's is the
// later.
Exit exit_of(const os::ProcessStatus& status, std::optional<Exit> said) {
  using State = os::ProcessStatus::State;
  if (status.state == State::taken) {
    return said ? std::move(*said)
                : Exit{Exit::Kind::failed,
                       255,
                       0,
                       "unknown: its status was taken by a waitpid of this program",
                       {}};
  }
  Exit exit;
  exit.code = status.code;
  exit.signal = status.signal;
  exit.kind = status.signal != 0 ? Exit::Kind::killed
              : status.code != 0 ? Exit::Kind::exited
                                 : Exit::Kind::normal;
  if (said && said->kind == Exit::Kind::failed) {
    exit.what =
        exit.kind == Exit::Kind::killed ? with_readable_names(said->what) : std::move(said->what);
    if (exit.kind != Exit::Kind::killed) exit.kind = Exit::Kind::failed;
  }
  return exit;
}

}  // namespace

Child::Child(ChildFacts facts, UniqueFd pidfd, UniqueFd status)
    : facts_(std::move(facts)),
      pidfd_(std::move(pidfd)),
      status_(std::move(status)),
      held_(facts_.leads_group) {}

std::string Child::who() const {
  return facts_.name + " (pid " + std::to_string(facts_.pid) + ")";
}

std::optional<Exit> Child::exit() {
  const std::lock_guard lock{mutex_};
  if (!exit_) {
    const os::ProcessStatus status = held_ ? os::look_at(pidfd_.get()) : os::try_reap(pidfd_.get());
    if (status.state == os::ProcessStatus::State::running) return std::nullopt;
    reaped_ = !held_ || status.state == os::ProcessStatus::State::taken;
    exit_ = exit_of(status, read_status(status_.get()));
    exit_->who = who();
    status_.reset();
  }
  return exit_;
}

Result<void> Child::signal(int number) {
  // Not once it is reaped: what stands in for a pidfd is the pid.
  const std::lock_guard lock{mutex_};
  return exit_ ? Result<void>{} : os::send_signal(pidfd_.get(), facts_.pid, number);
}

void Child::signal_group(int number) noexcept {
  const std::lock_guard lock{mutex_};
  if (!exit_) ::kill(-facts_.pid, number);
}

bool Child::stands_still() noexcept {
  const std::lock_guard lock{mutex_};
  siginfo_t info{};
  const bool known = exit_ || ::waitid(P_PID, static_cast<id_t>(facts_.pid), &info,
                                       WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) != 0;
  return known || info.si_pid != 0;
}

Result<void> Child::tell(int number) {
  if (!facts_.leads_group) return signal(number);
  const std::lock_guard lock{mutex_};
  return os::send_signal_to_group(pidfd_.get(), reaped_ ? 0 : facts_.pid, number);
}

void Child::release() {
  const std::lock_guard lock{mutex_};
  held_ = false;
  if (exit_ && !reaped_) {
    (void)os::try_reap(pidfd_.get());
    reaped_ = true;
  }
}

bool Child::wait(Poller& poller, Deadline until) {
  std::array items{PollItem{{pidfd_.get(), POLLIN}}};
  return poller.wait(items, until).has_value() && exit().has_value();
}

bool Child::end(Poller& poller) {
  if (exit()) return true;
  if (facts_.grace > Duration::zero()) {
    (void)tell(SIGTERM);
    if (wait(poller, facts_.grace) && !facts_.leads_group) return true;
  }
  (void)tell(SIGKILL);
  return wait(poller, kKillTime);
}

}  // namespace troupe::process
