// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/frame_connection.hpp"

#include <cstring>

namespace troupe::transports {

std::size_t IncomingFrame::size() const noexcept {
  std::size_t size = body.size();
  for (const DetachedBytes& part : detached) {
    size += part.bytes.size();
  }
  return size;
}

void IncomingFrame::copy_to(std::span<std::byte> place) const noexcept {
  std::size_t from = 0;
  const auto add = [&](std::span<const std::byte> part) {
    if (!part.empty()) {
      std::memcpy(place.data(), part.data(), part.size());
      place = place.subspan(part.size());
    }
  };
  for (const DetachedBytes& part : detached) {
    add(body.subspan(from, part.at - from));
    add(part.bytes.bytes());
    from = part.at;
  }
  add(body.subspan(from));
}

Bytes IncomingFrame::joined() const {
  if (detached.empty()) {
    return {body.begin(), body.end()};
  }
  Bytes whole(size());
  copy_to(whole);
  return whole;
}

Result<std::optional<Loan>> FrameConnection::try_lend(std::size_t /*bytes*/) {
  return Error{Code::invalid_argument, "this transport shares no memory to lend"};
}

}  // namespace troupe::transports
