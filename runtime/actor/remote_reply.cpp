// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/remote_reply.hpp"

#include <utility>

namespace troupe::actor {

Receipt::Receipt() noexcept = default;
Receipt::Receipt(std::shared_ptr<RemoteSide> side, std::uint32_t bytes) noexcept
    : side_(std::move(side)), bytes_(bytes) {}
Receipt::Receipt(Receipt&& other) noexcept = default;

Receipt& Receipt::operator=(Receipt&& other) noexcept {
  std::swap(side_, other.side_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Receipt::~Receipt() {
  if (side_ != nullptr) {
    side_->done(bytes_);
  }
}

ReplySlot::ReplySlot(std::shared_ptr<RemoteSide> side, std::uint64_t ask,
                     std::uint32_t bytes) noexcept
    : side_(std::move(side)), ask_(ask), bytes_(bytes) {}

void ReplySlot::give(const std::function<void(Writer& writer)>& write) const {
  side_->reply(ask_, bytes_, write);
}

void ReplySlot::fail(const Error& error) const {
  side_->fail(ask_, bytes_, error);
}

}  // namespace troupe::actor
