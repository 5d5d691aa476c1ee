// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/newborn.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/body.hpp"
#include "troupe/runtime/process/crash_report.hpp"
#include "troupe/runtime/process/internal/status_pipe.hpp"
#include "troupe/serialization/reader.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigprocmask is POSIX
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace troupe::process {
namespace {

Result<void> put_in_place(const UniqueFd& fd, int number) {
  // What the starter had closed stays what the zygote has there: /dev/null.
  if (fd && ::dup2(fd.get(), number) < 0) {
    return Error::system("give the child its output", errno);
  }
  return {};
}

Result<void> set_up(ReceivedRequest& received) {
  const StartRequest& request = received.request;
  StartFds& fds = received.fds;
  if (request.detached) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
    if (auto armed = arm_lifeline(fds.status); !armed) return armed;
  }
  for (auto [fd, number] :
       {std::pair{&fds.output, STDOUT_FILENO}, {&fds.error_output, STDERR_FILENO}}) {
    if (auto done = put_in_place(*fd, number); !done) return done;
    fd->reset();
  }
  if (auto applied = apply(request.changes, fds.directory); !applied) return applied;
  fds.directory.reset();
  if (!request.detached && request.dies_with_thread) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // a change of credentials would clear it
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  return {};
}

Exit failed(std::string what) {
  return {Exit::Kind::failed, 1, 0, std::move(what), {}};
}

// A wait that a stop has cut short is how a body is meant to end once it was told to stop.
Exit exit_of(const Error& error, const RuntimeCore& core) {
  return error == Code::cancelled && core.stopping() ? Exit{} : failed(error.what());
}

}  // namespace

Newborn::Newborn(ReceivedRequest received) : received_(std::move(received)), pid_(::getpid()) {
  set_crash_report(received_.fds.status.get());
  // First of this process's, so it runs after all exit handlers that the body registers.
  ::on_exit(&Newborn::at_exit, this);
}

std::unique_ptr<Newborn> Newborn::settle(UniqueFd control, Packet packet) {
  auto received = open_request(std::move(packet));
  auto ready = received ? set_up(*received) : Result<void>{received.error()};
  if (ready) {
    ready = send_started(control.get());
  }
  if (!ready) {
    (void)send_refusal(control.get(), ready.error(), ::getpid());
    ::_exit(1);
  }
  return std::unique_ptr<Newborn>{new Newborn{std::move(*received)}};
}

Exit Newborn::run_body(Runtime& runtime, const RuntimeCore& core) {
  try {
    auto function = find_function(received_.request.function);
    if (!function) return failed(function.error().what());
    const Incoming arguments{received_.arguments.bytes(), &received_.arguments,
                             received_.argument_fds};
    Reader reader{arguments, kOfTheFamily};
    const auto code = reinterpret_cast<RunBody>(*function)(runtime, reader);
    if (!code) return exit_of(code.error(), core);
    Exit exit;
    exit.code = *code & 0xFF;
    exit.kind = exit.code == 0 ? Exit::Kind::normal : Exit::Kind::exited;
    return exit;
  } catch (const Error& error) {
    return exit_of(error, core);
  } catch (const std::exception& error) {
    return failed(error.what());
  } catch (...) {
    return failed("the body threw something that is not a std::exception");
  }
}

void Newborn::end(const Exit& exit) {
  write_status(received_.fds.status, exit);
  told_ = true;
  std::exit(exit.code);  // NOLINT(concurrency-mt-unsafe): the body is over
}

void Newborn::at_exit(int code, void* newborn) noexcept {
  auto& self = *static_cast<Newborn*>(newborn);
  // A copy that the body made with fork() has this handler too, and is not the child.
  if (::getpid() != self.pid_ || std::exchange(self.told_, true)) return;
  Exit exit;
  exit.code = code & 0xFF;
  exit.kind = exit.code == 0 ? Exit::Kind::normal : Exit::Kind::exited;
  write_status(self.received_.fds.status, exit);
}

}  // namespace troupe::process
