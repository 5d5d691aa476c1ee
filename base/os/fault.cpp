// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/fault.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::os {

void pass_fault_on(const struct sigaction& earlier, int signal, siginfo_t* info,
                   void* context) noexcept {
  if ((earlier.sa_flags & SA_SIGINFO) != 0) {
    earlier.sa_sigaction(signal, info, context);
  } else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) {
    earlier.sa_handler(signal);
  } else if (info->si_code > 0 || earlier.sa_handler == SIG_DFL) {
    // A fault happens again upon return; what was sent is sent again. Either ends the process.
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
    if (info->si_code <= 0) {
      ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
    }
  }
}

}  // namespace troupe::os
