// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/pipe.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/catalog.hpp"

namespace troupe {

Result<ConnectedEnds> connect_ends(RuntimeCore& runtime, const Address& address,
                                   transports::Direction direction, bool needs_fds) {
  Address where = address;
  if (where.empty()) {
    const bool pipe = direction == transports::Direction::one_way && !needs_fds;
    where = pipe ? "pipe:" : "unix:";
  }
  const auto transport = runtime.transports().find(where);
  if (!transport) {
    return transport.error();
  }
  if (needs_fds && !(*transport)->capabilities().fds) {
    return Error{Code::invalid_argument,
                 "make a pipe over " + where.text() +
                     ": its messages carry file descriptors, which this transport "
                     "cannot; use unix: or inproc:"};
  }
  auto ends = (*transport)->pair(where, direction, {});
  if (!ends) {
    return ends.error();
  }
  return ConnectedEnds{Connection{runtime, std::move(ends->first)},
                       Connection{runtime, std::move(ends->second)}};
}

}  // namespace troupe
