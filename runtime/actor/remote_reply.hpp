// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the process of a remote actor owes to the other side for each message: a receipt for one
// that was sent, a reply for one that was asked, or a receipt where that was given up. Both go to
// the RemoteSide that brought the message, from whatever thread. Values that are moved; not for
// users.

#include "troupe/base/error.hpp"
#include "troupe/serialization/writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace troupe::actor {

class AnswerBase;

// Where a message came from: takes what is owed for it. Thread-safe; never blocks.
class RemoteSide {
 public:
  RemoteSide() = default;
  RemoteSide(const RemoteSide&) = delete;
  RemoteSide& operator=(const RemoteSide&) = delete;
  virtual ~RemoteSide() = default;

  // The reply to the ask will be in `answer`, unless the other side gives it up first.
  virtual void expect(std::uint64_t ask, AnswerBase& answer) = 0;
  // Once it is there. False: it was given up, and the answer is gone.
  virtual bool claim(std::uint64_t ask) = 0;
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

// The place of one reply. Copies share it, since std::function copies; one of them is used, once,
// or none, where the ask was given up.
class ReplySlot final {
 public:
  // `bytes`: of the message that asked.
  ReplySlot(std::shared_ptr<RemoteSide> side, std::uint64_t ask, std::uint32_t bytes);

  // The reply will be in `answer`, which is released when the other side gives it up.
  void expect(AnswerBase& answer) const;
  // Once it is there. False: it was given up, and is no longer the caller's.
  bool claim() const;
  void give(const std::function<void(Writer& writer)>& write) const;
  void fail(const Error& error) const;

 private:
  struct Owed;
  std::shared_ptr<Owed> owed_;
};

}  // namespace troupe::actor
