// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the process of a remote actor owes to the other side for each message: a receipt for one
// that was sent, a reply for one that was asked. Both go to the RemoteSide that brought the
// message, from whatever thread. Values that are moved; not for users.

#include "troupe/base/error.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace troupe::actor {

// Where a message came from: takes what is owed for it. Thread-safe; never blocks.
class RemoteSide {
 public:
  RemoteSide() = default;
  RemoteSide(const RemoteSide&) = delete;
  RemoteSide& operator=(const RemoteSide&) = delete;
  virtual ~RemoteSide() = default;

  // A message of so many bytes is done with.
  virtual void done(std::uint32_t bytes) = 0;
  // The same, of one that asked, with the reply or instead of it.
  virtual void reply(std::uint64_t ask, std::uint32_t bytes,
                     const std::function<void(Writer& writer)>& write) = 0;
  virtual void fail(std::uint64_t ask, std::uint32_t bytes, const Error& error) = 0;
};

// Says that a message is done with, handled or not, when it goes: its sender may send another.
class Receipt final {
 public:
  Receipt() noexcept;
  Receipt(std::shared_ptr<RemoteSide> side, std::uint32_t bytes) noexcept;
  Receipt(Receipt&& other) noexcept;
  Receipt& operator=(Receipt&& other) noexcept;
  ~Receipt();

 private:
  std::shared_ptr<RemoteSide> side_;  // null: owes nothing
  std::uint32_t bytes_ = 0;
};

// The place of one reply. Copies share it, since std::function copies; one of them is used, once.
class ReplySlot final {
 public:
  ReplySlot(std::shared_ptr<RemoteSide> side, std::uint64_t ask, std::uint32_t bytes) noexcept;

  void give(const std::function<void(Writer& writer)>& write) const;
  void fail(const Error& error) const;

 private:
  std::shared_ptr<RemoteSide> side_;
  std::uint64_t ask_;
  std::uint32_t bytes_;  // of the message that asked
};

}  // namespace troupe::actor
