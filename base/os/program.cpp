// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/program.hpp"

#include "troupe/base/os/program_child.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigfillset is POSIX
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>

#ifdef TROUPE_THREAD_SANITIZER
// The sanitizer takes clone for a fork; this is its other name in libc.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): libc's
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...) noexcept;
#define TROUPE_CLONE ::__clone
#else
#define TROUPE_CLONE ::clone
#endif

namespace troupe::os {
namespace {

constexpr std::size_t kStackBytes = 64 << 10U;

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
// the exec. No signal handler of the starter may run there, hence the mask. With other credentials
// it is to be `copied`: whoever has only those has no business in the starter's, and to the
// kernel they would be a reason to forbid core dumps of that.
long start(Launch& launch, bool copied, int& pidfd) {
  const auto stack = std::make_unique<std::array<std::byte, kStackBytes>>();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int memory = copied ? 0 : CLONE_VM;
  const long pid = TROUPE_CLONE(run_launch, stack->data() + stack->size(),
                                memory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, &pidfd);
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

std::string numbers_of(const std::vector<gid_t>& groups) {
  std::string text;
  for (const gid_t group : groups) {
    text += (text.empty() ? "" : ", ") + std::to_string(group);
  }
  return text.empty() ? "none" : text;
}

// What `step` does, with what the program was to get.
std::string described(const Program& program, Step step) {
  switch (step) {
    case Step::streams:
      return "give it its standard streams";
    case Step::descriptors:
      return "give it its descriptors";
    case Step::process_group:
      return program.group == Group::other
                 ? "process_group " + std::to_string(program.other_group) +
                       ": join that, which has to be of this session"
                 : "make its process group";
    case Step::death_signal:
      return "have it end with this program";
    case Step::directory:
      return "change to its directory '" + program.directory + "'";
    case Step::extra_groups:
      return "extra_groups " + numbers_of(*program.credentials.extra_groups) +
             ": be in those, which takes CAP_SETGID";
    case Step::group:
      return "group " + std::to_string(*program.credentials.group) +
             ": be in that, which takes CAP_SETGID";
    case Step::user:
      return "user " + std::to_string(*program.credentials.user) +
             ": be that, which takes CAP_SETUID";
    case Step::execute:
      break;
  }
  return "execute it";
}

Error failed(const Program& program, const Report& report) {
  const std::string& name = program.described;
  if (report.step != Step::execute) {
    return Error::system("start " + name + ": " + described(program, report.step), report.error);
  }
  const bool is_there = program.directory.empty() && ::access(program.path.c_str(), F_OK) == 0;
  return Error::system("execute " + name +
                           (report.error == ENOENT && is_there
                                ? ", which is there: find the interpreter or loader that it names"
                                : ""),
                       report.error);
}

// Memory of a Report that a copy of this process shares.
class SharedReport final {
 public:
  SharedReport()
      : memory_(::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) {}
  SharedReport(const SharedReport&) = delete;
  SharedReport& operator=(const SharedReport&) = delete;
  ~SharedReport() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, sizeof(Report));
  }

  // Null: there is no memory; errno says why.
  Report* get() const noexcept { return memory_ != MAP_FAILED ? ::new (memory_) Report : nullptr; }

 private:
  void* const memory_;
};

// Empty: errno says why.
UniqueFd open_null_above(int least) {
  const UniqueFd opened{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  return UniqueFd{opened ? ::fcntl(opened.get(), F_DUPFD_CLOEXEC, least) : -1};
}

void await_end(int pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | __WALL) != 0 &&
         errno == EINTR) {
  }
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
  const UniqueFd null = open_null_above(above);
  if (!null) {
    return Error::system("open /dev/null for " + program.described, errno);
  }
  Report local;
  std::optional<SharedReport> shared;
  const Credentials& its = program.credentials;
  if (!its.are_the_starters()) shared.emplace();
  Report* const report = shared ? shared->get() : &local;
  if (report == nullptr) {
    return Error::system("start " + program.described + ": map memory for its report", errno);
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
      .other_group = program.other_group,
      .user = its.user ? &*its.user : nullptr,
      .primary_group = its.group ? &*its.group : nullptr,
      .extra_groups = its.extra_groups ? its.extra_groups->data() : nullptr,
      .extra_group_count = its.extra_groups ? static_cast<long>(its.extra_groups->size()) : -1,
      .umask = program.umask ? &*program.umask : nullptr,
      .starter = ::getpid(),
      .report = report,
  };
  int pidfd = -1;
  const long pid = start(launch, shared.has_value(), pidfd);
  if (pid < 0) {
    return Error::system("start " + program.described, errno);
  }
  Cloned cloned{static_cast<pid_t>(pid), UniqueFd{pidfd}};
  if (report->error != 0) {
    await_end(pidfd);
    return failed(program, *report);
  }
  return cloned;
}

}  // namespace troupe::os
