// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subscriber: one reader of a topic, as its publishers see it. Thread-safe.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/actor/topic.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actor {

// Into the mailbox, whatever is there.
void deliver_anyway(const Target& target, Envelope& envelope);

class Subscriber {
 public:
  Subscriber() = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  virtual ~Subscriber() = default;

  // It reads no more; for ever.
  virtual bool gone() const = 0;
  // Never waits: where there is no room, something is missed.
  virtual void put(const SharedMessage& message) = 0;
  // The topic has ended.
  virtual void close() = 0;
  virtual bool is_for(const Target& /*target*/) const { return false; }

  // ---- gated ----
  // Room for one that is still to be put; what has gone has room.
  virtual bool has_room() = 0;
  virtual void reserve() = 0;
  virtual void put_reserved(const SharedMessage& message) = 0;
  virtual void release() = 0;
  // Returns once there may be room. Errors: timed_out (or a little earlier), refused, cancelled,
  // overloaded.
  virtual Result<void> wait_for_room(RuntimeCore& runtime, Deadline until) = 0;
  virtual std::string text() const = 0;
};

class Subscribers final : public std::vector<std::shared_ptr<Subscriber>> {};

// A ring that a Stream reads.
class StreamSubscriber final : public Subscriber {
 public:
  StreamSubscriber(std::string text, std::size_t capacity);

  // ---- the reader ----
  std::optional<Result<SharedMessage>> try_next();
  Result<void> wait(RuntimeCore& runtime, Deadline until);
  int ready_fd();
  void drop();

  // ---- Subscriber ----
  bool gone() const override { return gone_.load(); }
  void put(const SharedMessage& message) override;
  void close() override;
  bool has_room() override;
  void reserve() override;
  void put_reserved(const SharedMessage& message) override;
  void release() override;
  Result<void> wait_for_room(RuntimeCore& runtime, Deadline until) override;
  std::string text() const override { return text_; }

 private:
  // A publisher that waits for room.
  struct Publisher {
    fiber::Waiter room;
    Cell* cell = nullptr;   // null: a thread
    Cell* asked = nullptr;  // the actor that reads, for the wait-for graph; null: none
  };

  fiber::Waiter::Outcome wait_as(Publisher& publisher, RuntimeCore& runtime, Deadline until);
  void note_reader() noexcept;
  Cell* reading_actor() const noexcept;
  bool readable() const noexcept { return count_ > 0 || missed_ > 0 || closed_; }
  bool room() const noexcept { return count_ + reserved_ < ring_.size() || gone_.load(); }
  SharedMessage push(const SharedMessage& message);
  SharedMessage pop() noexcept;
  void news() noexcept;
  void let_publishers_in() noexcept;
  void ring_bell() noexcept;
  void silence_bell() noexcept;

  const std::string text_;
  std::atomic<bool> gone_{false};  // written with lock_ held
  SpinLock lock_;
  // Guarded by lock_.
  std::vector<SharedMessage> ring_;  // of a fixed size
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t reserved_ = 0;
  std::uint64_t missed_ = 0;
  bool closed_ = false;
  fiber::Waiter* reader_ = nullptr;
  Target owner_;  // the actor that read last, or took the stream; no cell: a thread
  std::vector<Publisher*> publishers_;
  UniqueFd bell_;  // readable exactly while readable()
};

// An actor.
class ActorSubscriber final : public Subscriber {
 public:
  ActorSubscriber(const Target& target, const TopicDelivery& delivery);

  bool gone() const override;
  void put(const SharedMessage& message) override;
  void close() override {}
  bool is_for(const Target& target) const override { return target == target_; }
  bool has_room() override;
  void reserve() override { reserved_.fetch_add(1); }
  void put_reserved(const SharedMessage& message) override;
  void release() override;
  Result<void> wait_for_room(RuntimeCore& runtime, Deadline until) override;
  std::string text() const override;

 private:
  void note_missed();

  const Target target_;
  const TopicDelivery delivery_;
  const std::shared_ptr<MissedCount> missed_;
  std::atomic<std::size_t> reserved_{0};
};

}  // namespace troupe::actor
