// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/queue_frame.hpp"

namespace troupe::queue {

Encoded frame_of(Frame kind, std::uint64_t number) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, kind);
  writer.natural(number);
  return frame;
}

Encoded give_back_frame(std::uint64_t number, bool opened, Duration delay) {
  Encoded frame = frame_of(Frame::give_back, number);
  Writer writer{frame};
  writer.boolean(opened);
  writer.integer(delay.count());
  return frame;
}

Result<Frame> read_kind(Reader& reader) {
  const auto kind = reader.value<std::uint8_t>();
  if (!kind) {
    return kind.error();
  }
  const auto its = static_cast<Frame>(*kind);
  const bool greeting = its >= Frame::hello && its <= Frame::refused;
  const bool of_client = its >= Frame::put && its <= Frame::bye;
  const bool of_owner = its >= Frame::accepted && its <= Frame::unwritten;
  if (!greeting && !of_client && !of_owner) {
    return Error{Code::malformed, "there is no frame of kind " + std::to_string(*kind)};
  }
  return its;
}

}  // namespace troupe::queue
