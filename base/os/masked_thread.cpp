// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/masked_thread.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX

#include <utility>

namespace troupe::os {

std::thread masked_thread(const std::string& name, std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A fault is the thread's own, and blocked it would end the process without a word.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
    ::sigdelset(&all, fault);
  }
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits it
  std::thread thread;
  try {
    thread = std::thread{[name = name.substr(0, 15), body = std::move(body)] {
      // By itself: another thread's is a file of /proc, which its process's end then has to clear.
      ::pthread_setname_np(::pthread_self(), name.c_str());
      body();
    }};
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace troupe::os
