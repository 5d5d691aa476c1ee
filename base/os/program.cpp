// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/program.hpp"

#include "troupe/base/os/thread_sanitizer.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigfillset is POSIX
#include <sys/mman.h>
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
// The child runs in the starter's memory, which no sanitizer can know.
#define TROUPE_NOT_SANITIZED __attribute__((no_sanitize("address", "thread", "undefined")))

namespace troupe::os {
namespace {

constexpr std::size_t kStackBytes = 64 << 10U;
constexpr unsigned kMostFds = 1U << 16U;  // closed one by one where close_range is refused

// What the child was doing when it failed.
enum class Step : std::uint8_t {
  streams,
  descriptors,
  process_group,
  directory,
  extra_groups,
  group,
  user,
  death_signal,
  execute
};

// What it says of that, in memory that the starter sees.
struct Report {
  Step step = Step::streams;
  int error = 0;  // the errno of what failed
};

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
  pid_t other_group = 0;
  // Null, or less than 0: the starter's.
  const uid_t* user = nullptr;
  const gid_t* primary_group = nullptr;
  const gid_t* extra_groups = nullptr;
  long extra_group_count = -1;
  const mode_t* umask = nullptr;
  pid_t starter = 0;
  Report* report = nullptr;
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
