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

// A given-up reply leaves the receipt, when the last copy goes: with the answer.
struct ReplySlot::Owed {
  std::shared_ptr<RemoteSide> side;
  std::uint64_t ask;
  std::uint32_t bytes;
  bool given = false;

  Owed(std::shared_ptr<RemoteSide> its_side, std::uint64_t its_ask,
       std::uint32_t its_bytes) noexcept
      : side(std::move(its_side)), ask(its_ask), bytes(its_bytes) {}
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;
  ~Owed() {
    if (!given) {
      side->done(bytes);
    }
  }
};

ReplySlot::ReplySlot(std::shared_ptr<RemoteSide> side, std::uint64_t ask, std::uint32_t bytes)
    : owed_(std::make_shared<Owed>(std::move(side), ask, bytes)) {}

void ReplySlot::expect(AnswerBase& answer) const {
  owed_->side->expect(owed_->ask, answer);
}

bool ReplySlot::claim() const {
  return owed_->side->claim(owed_->ask);
}

void ReplySlot::give(const std::function<void(Writer& writer)>& write) const {
  owed_->given = true;
  owed_->side->reply(owed_->ask, owed_->bytes, write);
}

void ReplySlot::fail(const Error& error) const {
  owed_->given = true;
  owed_->side->fail(owed_->ask, owed_->bytes, error);
}

}  // namespace troupe::actor
