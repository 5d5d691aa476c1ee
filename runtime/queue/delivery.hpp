// SPDX-License-Identifier: Apache-2.0
#pragma once

// Delivery: an item of a queue on lease. Nothing finishes it by accident: only ack() does, or a
// range-for over the queue by asking for its next item. Destroyed without, by a return, a break, a
// throw, it is given back, and somebody else gets it. Move-only; one thread's at a time.

#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

template <class T>
class Queue;

template <class T>
class [[nodiscard]] Delivery final {
 public:
  Delivery(Delivery&& other) noexcept
      : client_(std::move(other.client_)),
        taken_(std::move(other.taken_)),
        item_(std::move(other.item_)),
        outputs_(std::move(other.outputs_)) {}
  Delivery& operator=(Delivery&& other) noexcept {
    if (this != &other) {
      drop();
      client_ = std::move(other.client_);
      taken_ = std::move(other.taken_);
      item_ = std::move(other.item_);
      outputs_ = std::move(other.outputs_);
    }
    return *this;
  }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery() { drop(); }

  T& operator*() noexcept { return item_; }
  T* operator->() noexcept { return &item_; }

  // Of the item in its queue: the same each time it is delivered.
  std::uint64_t id() const noexcept { return taken_.id; }
  // The how many-th delivery of the item this is, as far as its owner knows; above 1, what was done
  // for it before may have been done already.
  std::uint32_t deliveries() const noexcept { return taken_.attempts + 1; }

  // Finishes the item. What was put since it was taken, by this thread, and what was emitted, is
  // with its owners before this acknowledgement is with the item's; nobody waits for that, but for
  // room for what was emitted. Errors: lost (it was kept for longer than max_hold and is somebody
  // else's), disconnected (the owner is gone), closed (it is finished already), those of a put of
  // what was emitted: then it is given back.
  Result<void> ack(Deadline until = forever) {
    if (client_ == nullptr) {
      return over("ack");
    }
    const auto client = std::move(client_);
    return client->finish(taken_, outputs_, until);
  }
  // Somebody gets it after `delay`, behind those that wait then; it counts as a delivery. Errors:
  // as ack.
  Result<void> give_back(Duration delay = {}) {
    if (client_ == nullptr) {
      return over("give_back");
    }
    const auto client = std::move(client_);
    return client->give_back(taken_, delay);
  }
  // Nobody can finish it: it is a dead letter at once, with that reason. Errors: as ack.
  Result<void> reject(const std::string& why) {
    if (client_ == nullptr) {
      return over("reject");
    }
    const auto client = std::move(client_);
    return client->reject(taken_, why);
  }
  // It may be kept for so long from now on, whatever max_hold says. Errors: as ack.
  Result<void> extend(Duration more) {
    return client_ != nullptr ? client_->extend(taken_, more) : over("extend");
  }

  // Puts `item` into `out` when this is acknowledged, and only then; once, however often this item
  // has to be redone. Into the queue that this item is from, it takes its place, however full that
  // is. Never waits. Errors: invalid_argument (the item does not encode), closed (this is
  // finished).
  template <class U>
  Result<void> emit(const Queue<U>& out, const U& item);

  // Whether it is still to be finished.
  bool open() const noexcept { return client_ != nullptr; }

  // For Queue.
  Delivery(std::shared_ptr<queue::QueueClient> client, queue::Taken taken, T item)
      : client_(std::move(client)), taken_(std::move(taken)), item_(std::move(item)) {}

 private:
  static Error over(const char* doing) {
    return Error{Code::closed,
                 std::string{doing} + ": this delivery is finished, given back or moved away"};
  }
  void drop() noexcept {
    if (client_ != nullptr) {
      (void)std::exchange(client_, nullptr)->give_back(taken_, {});
    }
  }

  std::shared_ptr<queue::QueueClient> client_;  // null: it is over
  queue::Taken taken_;
  T item_;
  std::vector<queue::Output> outputs_;
};

}  // namespace troupe
