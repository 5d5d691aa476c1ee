// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/internal/remote_frame.hpp"

namespace troupe::actor {

Result<RemoteFrame> read_kind(Reader& reader) {
  auto kind = reader.value<std::uint8_t>();
  if (!kind) {
    return kind.error();
  }
  if (*kind < static_cast<std::uint8_t>(RemoteFrame::tell) ||
      *kind > static_cast<std::uint8_t>(RemoteFrame::give_up)) {
    return Error{Code::malformed, "there is no frame of kind " + std::to_string(*kind)};
  }
  return static_cast<RemoteFrame>(*kind);
}

}  // namespace troupe::actor
