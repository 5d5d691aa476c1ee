// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/link_frame.hpp"

namespace troupe::node {

Result<LinkFrame> read_kind(Reader& reader) {
  const auto kind = reader.value<std::uint8_t>();
  if (!kind) {
    return kind.error();
  }
  const auto its = static_cast<LinkFrame>(*kind);
  const bool control = its >= LinkFrame::hello && its <= LinkFrame::left;
  const bool data = its >= LinkFrame::tell && its <= LinkFrame::part;
  if (!control && !data) {
    return Error{Code::malformed, "there is no frame of kind " + std::to_string(*kind)};
  }
  return its;
}

}  // namespace troupe::node
