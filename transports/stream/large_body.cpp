// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/large_body.hpp"

#include "troupe/transports/stream/raw_bytes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

// Taken at once for any announced length; more only once so much has arrived.
constexpr std::size_t kTrusted = 1U << 20U;

}  // namespace

void LargeBody::begin(std::size_t size, std::span<const std::byte> first,
                      std::span<std::byte> destination) {
  size_ = size;
  arrived_ = first.size();
  destination_ = destination.size() >= size ? destination.first(size) : std::span<std::byte>{};
  capacity_ = 0;
  if (destination_.empty()) {
    grow(std::min(size, std::max(kTrusted, first.size())));
  }
  if (!first.empty()) {
    std::memcpy(destination_.empty() ? own_.get() : destination_.data(), first.data(),
                first.size());
  }
}

std::span<std::byte> LargeBody::room() {
  if (!destination_.empty()) {
    return destination_.subspan(arrived_);
  }
  if (arrived_ == capacity_) {
    grow(std::min(size_, capacity_ * 2));
  }
  return {own_.get() + arrived_, capacity_ - arrived_};
}

void LargeBody::leave_destination() {
  if (!active() || destination_.empty()) {
    return;
  }
  const std::span<std::byte> left = std::exchange(destination_, {});
  grow(std::min(size_, std::max(kTrusted, arrived_)));
  std::memcpy(own_.get(), left.data(), arrived_);
}

std::span<const std::byte> LargeBody::finish(Buffer& storage) {
  std::span<const std::byte> body = destination_;
  if (destination_.empty()) {
    body = {own_.get(), size_};
    storage = Buffer::view_of(std::move(own_), body);
  }
  own_.reset();
  destination_ = {};
  size_ = arrived_ = capacity_ = 0;
  return body;
}

void LargeBody::grow(std::size_t capacity) {
  std::shared_ptr<std::byte> larger{make_raw_bytes(capacity).release(), FreeRawBytes{}};
  if (capacity_ > 0) {
    std::memcpy(larger.get(), own_.get(), arrived_);
  }
  own_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace troupe::transports
