// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/zygote.hpp"

#include "troupe/base/os/clone.hpp"
#include "troupe/base/os/thread_count.hpp"
#include "troupe/runtime/process/internal/rehearsal.hpp"
#include "troupe/runtime/process/internal/start_request.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace troupe::process {
namespace {

void close_between(unsigned first, unsigned last) {
  if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; ++fd) {
    ::close(static_cast<int>(fd));
  }
}

// Nothing of the starter's stays open here: who waits for the end of its output would wait for us.
void take_null(int first, int last) {
  const int null = ::open("/dev/null", O_RDWR);  // NOLINT(android-cloexec-open): to be inherited
  for (int number = first; null >= 0 && number <= last; ++number) {
    if (number != null) ::dup2(null, number);
  }
  if (null > STDERR_FILENO) ::close(null);
}

// The children's dispositions are the default ones, but for what was set up for crashes before main
// (a sanitizer, a crash reporter). Nothing else can reach the zygote itself: it blocks all.
void settle_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    const bool crash = number == SIGSEGV || number == SIGBUS || number == SIGILL ||
                       number == SIGFPE || number == SIGABRT || number == SIGTRAP ||
                       number == SIGSYS;
    if (!crash || action.sa_handler == SIG_IGN) {
      action.sa_handler = SIG_DFL;
      action.sa_flags = 0;
      ::sigaction(number, &action, nullptr);
    }
  }
}

}  // namespace

std::optional<Error> run_preload(const std::function<void()>& preload) {
  if (!preload) return std::nullopt;
  const std::size_t threads = os::thread_count();
  try {
    preload();
  } catch (const std::exception& error) {
    return Error{Code::failed, std::string{"RuntimeOptions::preload threw: "} + error.what()};
  } catch (...) {
    return Error{Code::failed, "RuntimeOptions::preload threw"};
  }
  ::fflush(nullptr);
  if (os::thread_count() > threads) {
    return Error{Code::refused,
                 "RuntimeOptions::preload left a thread running: a process with several cannot be "
                 "copied; start threads in the body"};
  }
  return std::nullopt;
}

Birthright serve_as_zygote(UniqueFd control, const std::function<void()>& preload) {
  const auto number = static_cast<unsigned>(control.get());
  close_between(3, number - 1);
  close_between(number + 1, ~0U);
  ::setpgid(0, 0);
  take_null(STDIN_FILENO, STDIN_FILENO);
  settle_signals();
  const std::optional<Error> unfit = run_preload(preload);
  take_null(STDOUT_FILENO, STDERR_FILENO);
  rehearse();

  for (;;) {
    auto packet = receive_packet(control.get());
    if (!packet && packet.error() == Code::closed) {
      ::_exit(0);
    }
    if (!packet || unfit) {
      (void)send_refusal(control.get(), packet ? *unfit : packet.error());
      if (packet) continue;
      ::_exit(1);  // what follows a packet that is not whole cannot be told apart
    }
    auto copy = os::clone_process(os::Relation::sibling);
    if (copy && copy->pid == 0) {
      return {std::move(control), std::move(*packet)};
    }
    if (!copy) {
      (void)send_refusal(control.get(), copy.error());
    }
  }
}

}  // namespace troupe::process
