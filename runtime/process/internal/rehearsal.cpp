// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/rehearsal.hpp"

#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"
#include "troupe/runtime/process/internal/start_request.hpp"
#include "troupe/runtime/process/internal/status_pipe.hpp"
#include "troupe/serialization/reader.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

namespace troupe::process {
namespace {

void rehearse_request() {
  auto ends = packet_socket_pair();
  auto pipe = make_status_pipe();
  if (!ends || !pipe) return;
  StartRequest request;
  request.name = "rehearsal";
  if (auto id = identify(&rehearse_request)) request.function = std::move(*id);
  StartFds fds;
  fds.status = std::move(pipe->writer);
  if (!send_request(ends->first.get(), request, fds, {})) return;
  auto packet = receive_packet(ends->second.get());
  if (!packet) return;
  auto received = open_request(std::move(*packet));
  if (!received) return;
  (void)find_function(received->request.function);
  (void)apply(received->request.changes, received->fds.directory);
  write_status(received->fds.status, {});
  if (send_started(ends->second.get())) {
    (void)await_reply(ends->first.get(), pipe->reader.get());
  }
}

void rehearse_runtime() {
  class Rehearsed final : public RuntimeCore {
  } runtime;
  const RuntimeCore::Scope scope{runtime};
  runtime.request_stop();
  flush_own_buffers();
}

// What a child calls besides, in ways that change nothing.
void rehearse_calls() {
  int unused = 0;
  ::dup2(STDERR_FILENO, STDERR_FILENO);
  ::fcntl(STDERR_FILENO, F_GETFD);
  ::prctl(PR_GET_PDEATHSIG, &unused, 0, 0, 0);
  ::setpgid(0, 0);
  ::on_exit([](int, void*) {}, nullptr);
}

}  // namespace

void rehearse() noexcept {
  try {
    rehearse_request();
    rehearse_runtime();
    rehearse_calls();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the children will say it
  }
}

}  // namespace troupe::process
