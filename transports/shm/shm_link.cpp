// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_link.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::transports {

// Its count is never read, and would take centuries to be full; a peer that fills it wakes itself
// up no more.
void ShmLink::ring_peer() const noexcept {
  const std::uint64_t one = 1;
  (void)!::write(peer_bell.get(), &one, sizeof one);
}

bool ShmLink::peer_is_gone() const noexcept {
  pollfd item{socket.get(), POLLRDHUP, 0};
  return ::poll(&item, 1, 0) > 0 && (item.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
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
  UniqueFd bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
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
