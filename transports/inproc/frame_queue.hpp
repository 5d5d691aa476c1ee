// SPDX-License-Identifier: Apache-2.0
#pragma once

// FrameQueue: the frames on their way in one direction of an inproc connection. Bounded in bytes.
// One sending and one receiving thread; wakes the other side only when that has said that it waits.

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

namespace troupe::transports {

class FrameQueue final {
 public:
  static constexpr std::size_t kBound = 1U << 20U;  // bytes; one frame may go beyond it

  struct Frame {
    Bytes body;
    std::vector<UniqueFd> fds;
  };

  FrameQueue();

  enum class Outcome : std::uint8_t { done, would_block, ended };

  // Control frames never block, and go before the data frames. When it would block, the frame stays
  // with the caller and writable() will tell.
  Outcome try_push(Frame& frame, Lane lane);
  // When it would block, arm() and readable() tell about the next.
  Outcome try_pop(Frame& frame);

  // The receiver is about to wait: true when there is no need to.
  bool arm();
  Readiness readable() const noexcept;
  Readiness writable() const noexcept;

  // Either side: no more frames come; what is queued is still received.
  void end();

 private:
  const UniqueFd arrived_;  // eventfd: rung when a frame or the end comes and the receiver is armed
  const UniqueFd room_;     // eventfd: rung when there is room again and the sender was refused

  // Guarded by mutex_.
  std::mutex mutex_;
  std::deque<Frame> control_;
  std::deque<Frame> data_;
  std::size_t bytes_ = 0;
  bool armed_ = true;  // also before the first arm(): the first frame rings
  bool refused_ = false;
  bool ended_ = false;
};

}  // namespace troupe::transports
