// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/queue_frame.hpp"

#include "troupe/base/os/host.hpp"
#include "troupe/base/os/pidfd.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <sys/stat.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>

namespace troupe::queue {

std::string this_pids(RuntimeCore& runtime) {
  struct stat space {};
  if (!runtime.executor().has_threads() || ::stat("/proc/self/ns/pid", &space) != 0) {
    return {};
  }
  const std::string boot = os::boot_id();
  if (boot.empty()) {
    return {};
  }
  return boot + "." + std::to_string(space.st_ino);
}

UniqueFd process_of(RuntimeCore& runtime, const std::string& pids, std::uint64_t pid) {
  if (pids.empty() || pids != this_pids(runtime) || pid == 0 ||
      pid > static_cast<std::uint64_t>(std::numeric_limits<pid_t>::max())) {
    return {};
  }
  auto process = os::open_pidfd(static_cast<pid_t>(pid));
  return process ? *std::move(process) : UniqueFd{};
}

bool has_ended(const UniqueFd& process) noexcept {
  return process && os::wait_for_end(process.get(), std::chrono::milliseconds{0});
}

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
  const bool of_client = its >= Frame::put && its <= Frame::peek;
  const bool of_owner = its >= Frame::accepted && its <= Frame::shown;
  if (!greeting && !of_client && !of_owner) {
    return Error{Code::malformed, "there is no frame of kind " + std::to_string(*kind)};
  }
  return its;
}

}  // namespace troupe::queue
