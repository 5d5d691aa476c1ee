// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/zygote_link.hpp"

#include "troupe/base/os/pidfd.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

namespace troupe::process {
namespace {

constexpr std::chrono::seconds kEnd{1};

bool on_main_thread() noexcept {
  return ::gettid() == ::getpid();
}

// In the copy the descriptors 0 to 2 become /dev/null.
Result<UniqueFd> above_standard(UniqueFd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved{::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  if (!moved) {
    return Error::system("make a zygote", errno);
  }
  return moved;
}

}  // namespace

Result<ZygoteLink::Copied> ZygoteLink::copy_process(const std::function<void()>& preload) {
  auto ends = packet_socket_pair();
  if (!ends) return ends.error();
  auto theirs = above_standard(std::move(ends->second));
  if (!theirs) return theirs.error();
  ::fflush(nullptr);  // what is buffered would be written by each copy
  auto process = os::clone_process(os::Relation::child);
  if (!process) return process.error();
  if (process->pid == 0) {
    forget_parent_only_fds();
    ends->first.release();  // closed with all others
    return Copied{serve_as_zygote(std::move(*theirs), preload)};
  }
  return Copied{std::make_unique<ZygoteLink>(std::move(*process), std::move(ends->first))};
}

Result<std::unique_ptr<ZygoteLink>> ZygoteLink::execute(const std::string& executable,
                                                        const std::vector<std::string>& arguments) {
  auto launched = launch(Role::zygote, executable, arguments);
  if (!launched) return launched.error();
  auto link =
      std::make_unique<ZygoteLink>(std::move(launched->process), std::move(launched->control));
  link->program_ = std::move(launched->program);
  return link;
}

ZygoteLink::ZygoteLink(os::Cloned process, UniqueFd control)
    : pid_(process.pid),
      pidfd_(std::move(process.pidfd)),
      control_(std::move(control)),
      of_main_thread_(on_main_thread()) {
  // A zygote that was stopped does not read.
  const timeval patience{kPatience.count(), 0};
  ::setsockopt(control_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

ZygoteLink::~ZygoteLink() {
  if (!check_not_forked(generation_)) return;
  control_.reset();
  if (!os::wait_for_end(pidfd_.get(), kEnd)) {
    (void)os::send_signal(pidfd_.get(), pid_, SIGKILL);
    (void)os::wait_for_end(pidfd_.get(), kEnd);
  }
  os::try_reap(pidfd_.get());
}

ZygoteLink::Answer ZygoteLink::start(StartRequest& request, StartFds& fds, const Encoded& arguments,
                                     int status) {
  auto changes = surroundings_.changes_since(fds.directory);
  if (!changes) return Result<Started>{changes.error()};
  request.changes = std::move(*changes);
  request.dies_with_thread = of_main_thread_;
  auto sent = send_request(control_.get(), request, fds, arguments);
  fds.status.reset();  // from here on only the child holds it
  if (!sent && sent.error() != Code::disconnected && sent.error() != Code::timed_out) {
    return Result<Started>{sent.error()};
  }
  Reply reply =
      sent ? await_reply(control_.get(), status) : Reply{Reply::Kind::unheard, {}, sent.error()};
  if (reply.kind == Reply::Kind::unheard) {
    if (program_.empty() || has_served_) return Lost{std::move(*reply.why), false};
    return Lost{never_checked_in(program_, pid_, pidfd_.get()), true};
  }
  has_served_ = true;
  if (reply.kind == Reply::Kind::refused) return Result<Started>{std::move(*reply.why)};
  return Result<Started>{std::move(reply.started)};
}

}  // namespace troupe::process
