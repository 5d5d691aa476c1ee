// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/launch.hpp"

#include "troupe/base/os/pidfd.hpp"
#include "troupe/base/os/program.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace troupe::process {
namespace {

constexpr const char* kVariable = "TROUPE_ROLE_FD";
constexpr std::string_view kZygote = "zygote:3";
constexpr std::string_view kChild = "child:3";
static_assert(os::kInheritedFd == 3);

bool same_file(const char* a, const char* b) {
  struct stat first {};
  struct stat second {};
  return ::stat(a, &first) == 0 && ::stat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// This program's own file: by its path where that still leads to it (so that ps shows a name), else
// by the link, which does also when the file was replaced or deleted.
Result<std::string> own_executable() {
  constexpr const char* kLink = "/proc/self/exe";
  std::error_code error;
  const auto path = std::filesystem::read_symlink(kLink, error);
  if (!error) {
    return same_file(path.c_str(), kLink) ? path.string() : std::string{kLink};
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel passes it so
  const char* const started_as = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (started_as != nullptr && ::access(started_as, X_OK) == 0) {
    return std::string{started_as};
  }
  return Error{Code::refused,
               "cannot find this program's file without /proc: set RuntimeOptions::executable"};
}

std::vector<std::string> environment_with(std::string_view role) {
  const std::string_view name = kVariable;
  std::vector<std::string> lines{std::string{name} + "=" + std::string{role}};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    if (!(line.starts_with(name) && line.substr(name.size()).starts_with('='))) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// The variable may have come from elsewhere: what it names must be such a socket as launch() makes.
bool is_control_socket(int fd) {
  const auto option = [fd](int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  return option(SO_DOMAIN) == AF_UNIX && option(SO_TYPE) == SOCK_SEQPACKET;
}

}  // namespace

Result<Launched> launch(Role role, const std::string& executable,
                        const std::vector<std::string>& arguments) {
  os::Program program;
  program.path = executable;
  if (executable.empty()) {
    auto own = own_executable();
    if (!own) return own.error();
    program.path = std::move(*own);
  }
  auto ends = packet_socket_pair();
  if (!ends) return ends.error();
  program.described = "'" + program.path + "'";
  program.arguments = arguments.empty() ? std::vector{program.path} : arguments;
  program.environment = environment_with(role == Role::zygote ? kZygote : kChild);
  program.fds = {{ends->second.get(), os::kInheritedFd}};
  auto process = os::start_program(program);
  if (!process) return process.error();
  return Launched{std::move(program.path), std::move(*process), std::move(ends->first)};
}

Error never_checked_in(const std::string& program, pid_t pid, int pidfd) {
  // One that ends closes its descriptors a little before it can be reaped.
  constexpr std::chrono::seconds kEnd{1};
  const bool runs = !os::wait_for_end(pidfd, kEnd);
  if (runs) {
    (void)os::send_signal(pidfd, pid, SIGKILL);
    (void)os::wait_for_end(pidfd, kEnd);
  }
  const os::ProcessStatus status = os::try_reap(pidfd);
  const std::string how = runs ? "in good time"
                          : status.signal != 0
                              ? "before " + signal_name(status.signal) + " killed it"
                              : "before it exited with code " + std::to_string(status.code);
  return Error{Code::refused, "'" + program +
                                  "' did not make a troupe::Runtime{argc, argv} in main " + how +
                                  ": processes that are started by exec need one"};
}

std::optional<Role> claim_role(UniqueFd& control) {
  // NOLINTBEGIN(concurrency-mt-unsafe): in the first line of main
  const char* const value = std::getenv(kVariable);
  if (value == nullptr) return std::nullopt;
  const std::string role = value;
  ::unsetenv(kVariable);
  // NOLINTEND(concurrency-mt-unsafe)
  if ((role != kZygote && role != kChild) || !is_control_socket(os::kInheritedFd)) {
    return std::nullopt;
  }
  control = UniqueFd{os::kInheritedFd};
  ::fcntl(control.get(), F_SETFD, FD_CLOEXEC);
  return role == kZygote ? Role::zygote : Role::child;
}

}  // namespace troupe::process
