// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/clone.hpp"

#include "troupe/base/os/kernel.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#ifdef TROUPE_THREAD_SANITIZER
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming):
// sanitizer/linux_syscall_hooks.h
void __sanitizer_syscall_pre_impl_fork();
void __sanitizer_syscall_post_impl_fork(long result);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
#endif

namespace troupe::os {
namespace {

// Where libc keeps the id of the calling thread, which the kernel writes anew in the copy; null
// when that place cannot be known. With a stale id there, robust and priority-inheriting mutexes do
// not work.
pid_t* thread_id_place() noexcept {
  pid_t* place = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &place, 0, 0, 0) != 0 || place == nullptr ||
      *place != ::gettid()) {
    return nullptr;
  }
  return place;
}

template <class T>
std::uint64_t address(T* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// Around the call, the sanitizer is told; in between nothing may be seen by it.
struct Announced {
#ifdef TROUPE_THREAD_SANITIZER
  Announced() {
    __sanitizer_syscall_pre_impl_fork();
  }
  static void done(long pid) {
    __sanitizer_syscall_post_impl_fork(pid);
  }
#else
  static void done(long /*pid*/) {}
#endif
};

long announced_clone(std::uint64_t flags, int* pidfd, pid_t* thread_id) noexcept {
  clone_args arguments{};
  arguments.flags = flags;
  arguments.pidfd = address(pidfd);
  arguments.child_tid = address(thread_id);
  const bool clone3 = kernel_has(KernelFeature::clone3);
  const Announced announced;
  // The older call has one place for the pidfd and the parent's copy of the id.
  const long pid = clone3 ? ::syscall(SYS_clone3, &arguments, sizeof(arguments))
#if defined(__x86_64__)
                          : ::syscall(SYS_clone, flags, nullptr, pidfd, thread_id, nullptr);
#else
                          : ::syscall(SYS_clone, flags, nullptr, pidfd, nullptr, thread_id);
#endif
  announced.done(pid);
  return pid;
}

}  // namespace

Result<Cloned> clone_process(Relation relation) {
  int pidfd = -1;
  std::uint64_t flags = relation == Relation::sibling ? CLONE_PARENT : CLONE_PIDFD;
  pid_t* const thread_id = thread_id_place();
  if (thread_id != nullptr) {
    flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  }
  void* robust_list = nullptr;
  std::size_t robust_size = 0;
  const bool robust = ::syscall(SYS_get_robust_list, 0, &robust_list, &robust_size) == 0;

  const long pid =
      announced_clone(flags, relation == Relation::child ? &pidfd : nullptr, thread_id);
  if (pid < 0) {
    return Error::system("clone a process", errno);
  }
  if (pid == 0 && robust) {
    ::syscall(SYS_set_robust_list, robust_list, robust_size);
  }
  return Cloned{static_cast<pid_t>(pid), UniqueFd{pid == 0 ? -1 : pidfd}};
}

}  // namespace troupe::os
