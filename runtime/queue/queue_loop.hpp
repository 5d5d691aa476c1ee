// SPDX-License-Identifier: Apache-2.0
#pragma once

// What goes through the items of a Queue, one after the other: range-for, get_many and consume.
// Comes with queue.hpp.

#include "troupe/base/log.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/delivery.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/queue/queue_client.hpp"
#include "troupe/runtime/queue/queue_options.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

// The items of a queue, one after the other. Input iterator, for range-for.
template <class T>
class QueueLoop final {
 public:
  using value_type = Delivery<T>;
  using difference_type = std::ptrdiff_t;

  explicit QueueLoop(Queue<T> queue) : queue_(std::move(queue)) {
    if (queue_.client_ == nullptr) {
      throw Queue<T>::empty("loop over it");
    }
    queue_.client_->begin_loop();
    try {
      next();
    } catch (...) {
      leave();
      throw;
    }
  }
  QueueLoop(QueueLoop&& other) noexcept
      : queue_(std::exchange(other.queue_, {})), delivery_(std::move(other.delivery_)) {
    other.delivery_.reset();
  }
  QueueLoop& operator=(QueueLoop&&) = delete;
  QueueLoop(const QueueLoop&) = delete;
  QueueLoop& operator=(const QueueLoop&) = delete;
  ~QueueLoop() { leave(); }

  Delivery<T>& operator*() noexcept { return *delivery_; }
  Delivery<T>* operator->() noexcept { return &*delivery_; }
  QueueLoop& operator++() {
    if (delivery_->open()) {  // else the body has finished it, or given it back
      delivery_->ack().value();
    }
    next();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const QueueLoop& at, std::default_sentinel_t) { return !at.delivery_; }

 private:
  void next() {
    delivery_.reset();
    auto taken = queue_.take_with(forever, queue::Appetite::loop);
    if (taken) {
      delivery_.emplace(*std::move(taken));
    } else if (taken.error() != Code::closed) {
      throw Error{taken.error()};
    }
  }
  void leave() noexcept {
    delivery_.reset();
    if (queue_.client_ != nullptr) {
      queue_.client_->end_loop();
    }
  }

  Queue<T> queue_;
  std::optional<Delivery<T>> delivery_;  // none: at the end
};

template <class T>
Result<std::vector<T>> Queue<T>::get_many(std::size_t at_most, Deadline until) const {
  if (client_ == nullptr) {
    return empty("get");
  }
  std::vector<T> items;
  client_->begin_loop();
  while (items.size() < at_most) {
    const bool more = !items.empty();
    if (more && !client_->has_received()) {
      break;
    }
    auto item = got(take_with(until, queue::Appetite::loop));
    if (!item && !more) {
      client_->end_loop();
      return item.error();
    }
    if (!item) {
      break;
    }
    items.push_back(*std::move(item));
  }
  client_->end_loop();
  return items;
}

template <class T>
QueueLoop<T> Queue<T>::begin() const {
  return QueueLoop<T>{*this};
}

namespace queue {

// What the handler makes of it; what it throws is an error.
template <class F, class T>
Result<void> handle(F& handler, Delivery<T>& delivery) {
  const auto call = [&]() -> decltype(auto) {
    if constexpr (std::invocable<F&, Delivery<T>&>) {
      return handler(delivery);
    } else {
      return handler(*delivery);
    }
  };
  try {
    if constexpr (std::is_same_v<decltype(call()), Result<void>>) {
      return call();
    } else {
      static_cast<void>(call());
      return {};
    }
  } catch (const std::exception& error) {
    return Error::failed(error.what());
  }
}

// Finishes it or gives it back, unless the handler has, and counts that. Errors: the owner is gone.
template <class T>
Result<void> settle(QueueClient& client, Delivery<T>& delivery, const Result<void>& handled,
                    Consumed& consumed) {
  Result<void> settled;
  if (delivery.open() && handled) {
    settled = delivery.ack();
  } else if (delivery.open()) {
    client.runtime().log().write(
        LogLevel::warning,
        "an item of " + client.text() + " was given back: " + handled.error().what());
    settled = delivery.give_back(client.retry_delay());
  }
  ++(handled && settled ? consumed.finished : consumed.given_back);
  return settled || settled.error() != Code::disconnected ? Result<void>{} : settled;
}

}  // namespace queue

template <class T>
template <class F>
Result<Consumed> Queue<T>::consume(F handler, const ConsumeOptions& options) const {
  static_assert(std::invocable<F&, T&> || std::invocable<F&, Delivery<T>&>,
                "consume: the handler takes an item, or its Delivery");
  if (client_ == nullptr) {
    return empty("consume");
  }
  Consumed consumed;
  std::optional<Error> end;
  client_->begin_loop();
  while (!end) {
    if (options.stop.stop_requested()) {
      end = Error{Code::cancelled, "consume: it was told to stop"};
      break;
    }
    auto delivery = take_with(earlier(options.until, Deadline{std::chrono::milliseconds{100}}),
                              queue::Appetite::loop);
    if (delivery) {
      const auto handled = queue::handle(handler, *delivery);
      if (auto settled = queue::settle(*client_, *delivery, handled, consumed); !settled) {
        end = settled.error();
      }
    } else if (delivery.error() != Code::timed_out || options.until.passed()) {
      end = delivery.error();
    }
  }
  client_->end_loop();
  if (*end == Code::closed) {
    return consumed;
  }
  return *end;
}

}  // namespace troupe
