// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/inproc/frame_queue.hpp"

#include "troupe/base/check.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::transports {
namespace {

UniqueFd make_bell() {
  UniqueFd bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!bell) {
    throw Error::system("make an eventfd for inproc:", errno);
  }
  return bell;
}

void ring(const UniqueFd& bell) {
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(bell.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

void silence(const UniqueFd& bell) {
  std::uint64_t rung = 0;
  TROUPE_CHECK(::read(bell.get(), &rung, sizeof rung) == sizeof rung || errno == EAGAIN);
}

}  // namespace

FrameQueue::FrameQueue() : arrived_(make_bell()), room_(make_bell()) {}

FrameQueue::Outcome FrameQueue::try_push(Frame& frame, Lane lane) {
  const std::lock_guard lock{mutex_};
  if (ended_) {
    return Outcome::ended;
  }
  if (lane == Lane::data && bytes_ > 0 && bytes_ + frame.body.size() > kBound) {
    refused_ = true;
    silence(room_);
    return Outcome::would_block;
  }
  bytes_ += frame.body.size() + 1;  // an empty frame takes room too
  (lane == Lane::control ? control_ : data_).push_back(std::move(frame));
  if (armed_) {
    armed_ = false;
    ring(arrived_);
  }
  return Outcome::done;
}

FrameQueue::Outcome FrameQueue::try_pop(Frame& frame) {
  const std::lock_guard lock{mutex_};
  auto& lane = control_.empty() ? data_ : control_;
  if (lane.empty()) {
    return ended_ ? Outcome::ended : Outcome::would_block;
  }
  frame = std::move(lane.front());
  lane.pop_front();
  bytes_ -= frame.body.size() + 1;
  if (refused_ && bytes_ <= kBound / 2) {
    refused_ = false;
    ring(room_);
  }
  return Outcome::done;
}

bool FrameQueue::arm() {
  const std::lock_guard lock{mutex_};
  if (!control_.empty() || !data_.empty() || ended_) {
    return true;
  }
  silence(arrived_);
  armed_ = true;
  return false;
}

Readiness FrameQueue::readable() const noexcept {
  return {arrived_.get(), POLLIN};
}

Readiness FrameQueue::writable() const noexcept {
  return {room_.get(), POLLIN};
}

void FrameQueue::end() {
  const std::lock_guard lock{mutex_};
  ended_ = true;
  ring(arrived_);
  ring(room_);
}

}  // namespace troupe::transports
