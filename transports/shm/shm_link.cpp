// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_link.hpp"

#include "troupe/base/os/bell.hpp"
#include "troupe/base/os/pidfd.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace troupe::transports {

void ShmLink::ring_peer() const noexcept {
  os::ring(peer_bell);
}

void ShmLink::ring_self() const noexcept {
  os::ring(own_bell);  // its count is never read
}

bool ShmLink::peer_is_gone() const noexcept {
  pollfd item{socket.get(), POLLRDHUP, 0};
  return ::poll(&item, 1, 0) > 0 && (item.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::string ShmLink::end_of_peer() const {
  std::string closed = "the peer has closed the connection";
  ucred peer{};
  socklen_t size = sizeof peer;
  if (incoming().writer_closed.load(std::memory_order_acquire) != 0 ||
      ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0) {
    return closed;
  }
  UniqueFd process;
  if (peer.pid != ::getpid()) {
    process = os::peer_pidfd(socket.get());
  } else {
    // Both ends were made here, and the other one was handed on: it says to whom.
    peer.pid = static_cast<pid_t>(incoming().writer_process.load(std::memory_order_relaxed));
    if (auto opened = os::open_pidfd(peer.pid)) {
      process = std::move(*opened);
    }
  }
  if (peer.pid == ::getpid() || !process) {
    return closed;
  }
  // Its descriptors go a moment before it does.
  pollfd ended{process.get(), POLLIN, 0};
  constexpr int kMoment = 2;  // milliseconds
  (void)::poll(&ended, 1, kMoment);
  const auto status = os::look_at(process.get());
  const std::string who = "the peer's process " + std::to_string(peer.pid);
  switch (status.state) {
    case os::ProcessStatus::State::running:
      return closed;
    case os::ProcessStatus::State::ended:
      return who + (status.signal != 0 ? " was killed by signal " + std::to_string(status.signal)
                                       : " exited with code " + std::to_string(status.code));
    case os::ProcessStatus::State::taken:
      return who + " has ended";
  }
  return closed;
}

Result<os::EventSet> ShmLink::make_waits(bool greeted) const {
  auto waits = os::EventSet::create();
  if (waits) {
    for (const auto& added : {waits->add_bell(own_bell.get()), waits->add_peer(socket.get())}) {
      if (!added) {
        return added.error();
      }
    }
    if (greeted) {
      waits->ignore_input(socket.get());  // it waits until a record mentions it
    }
  }
  return waits;
}

Result<UniqueFd> ShmLink::make_bell(const std::string& doing) {
  UniqueFd bell = os::make_bell();
  if (!bell) {
    return Error::system(doing, errno);
  }
  return bell;
}

Error shm_broken(const char* doing) {
  return {Code::malformed,
          std::string{doing} + ": the peer has written where only this side may, or out of turn"};
}

}  // namespace troupe::transports
