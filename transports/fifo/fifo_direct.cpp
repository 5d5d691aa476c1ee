// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_direct.hpp"

#include "troupe/transports/pipe/pipe_transport.hpp"

#include <fcntl.h>
#include <poll.h>

namespace troupe::transports {

Result<std::unique_ptr<FrameConnection>> DirectFifo::step() {
  if (!end_) {
    auto opened = try_open_fifo(path_, use_ == DirectUse::read ? O_RDONLY : O_WRONLY,
                                "open " + address_.text());
    if (!opened) {
      return opened.error();
    }
    end_ = std::move(*opened);
    if (!end_) {
      return std::unique_ptr<FrameConnection>{};
    }
  }
  if (use_ == DirectUse::write) {
    return make_pipe_connection({}, std::move(end_), address_, options_);
  }
  // Before the first writer a reader would see an end that is none.
  pollfd item{end_.get(), POLLIN, 0};
  if (::poll(&item, 1, 0) <= 0) {
    return std::unique_ptr<FrameConnection>{};
  }
  return make_pipe_connection(std::move(end_), {}, address_, options_);
}

Readiness DirectFifo::readiness() const noexcept {
  return end_ ? Readiness{end_.get(), POLLIN} : Readiness{};
}

}  // namespace troupe::transports
