// SPDX-License-Identifier: Apache-2.0
#include "harness/child.hpp"

#include "harness/watchdog.hpp"
#include "troupe/base/check.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>

namespace troupe::harness {

Child::Child(const std::function<void()>& body) {
  const pid_t parent = ::getpid();
  std::fflush(nullptr);
  pid_ = ::fork();
  TROUPE_CHECK(pid_ >= 0);
  if (pid_ > 0) {
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It says 0 to the first process of a PID namespace.
  if (const pid_t now = ::getppid(); now != parent && now != 0) {
    ::_exit(1);
  }
  watch();
  int status = 0;
  try {
    body();
    status = testing::Test::HasFailure() ? 1 : 0;
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "child: %s\n", thrown.what());
    status = 2;
  }
  std::fflush(nullptr);
  ::_exit(status);
}

Child::~Child() {
  kill_and_reap();
}

void Child::signal(int number) const noexcept {
  ::kill(pid_, number);
}

void Child::stop() const noexcept {
  signal(SIGSTOP);
  siginfo_t told{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &told, WSTOPPED) != 0) {
    TROUPE_CHECK(errno == EINTR);
  }
}

void Child::go_on() const noexcept {
  signal(SIGCONT);
}

void Child::kill_and_reap() noexcept {
  if (!reaped_) {
    signal(SIGKILL);
    join();
  }
}

int Child::join() noexcept {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    TROUPE_CHECK(errno == EINTR);
  }
  reaped_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int run_as_nobody(const std::function<void()>& body) {
  constexpr uid_t kNobody = 65534;
  Child child{[&] {
    if (is_root()) {
      TROUPE_CHECK(::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0);
      TROUPE_CHECK(::setuid(kNobody) == 0);
    }
    body();
  }};
  return child.join();
}

bool is_root() noexcept {
  return ::geteuid() == 0;
}

}  // namespace troupe::harness
