// SPDX-License-Identifier: Apache-2.0
#pragma once

// Topic: publish and subscribe within a process: whoever publishes need not know who reads.
//
//   troupe::Topic<Price> prices{runtime};
//   auto stream = prices.subscribe();     // sees what is published from now on
//   prices.deliver_to(auditor);           // as messages to an actor
//   prices.publish({"oil", 71.3});
//
// A reader that is too slow either misses messages, and is told how many (lossy), or makes the
// publisher wait (gated). See docs/architecture.md#topics.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/ref.hpp"
#include "troupe/runtime/actor/sending.hpp"
#include "troupe/runtime/actor/stream.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {

class RuntimeCore;

enum class SlowReader : std::uint8_t {
  lossy,  // publish never waits; a reader without room misses the oldest, and is told how many
  gated,  // publish waits until every reader has room
};

struct TopicOptions {
  std::size_t capacity = 1024;  // messages that wait in each stream; an actor's mailbox has its own
};

// To an actor that a lossy topic delivers to, and that has a handle for this: so many messages
// found its mailbox full. It comes where the first of them would have been.
struct Missed {
  std::uint64_t count = 0;
};

namespace actor {

class ActorSubscriber;
class StreamSubscriber;
class Subscribers;

// A message of a topic: one for all its readers.
using SharedMessage = std::shared_ptr<const void>;
// How many an actor has missed since it was told.
class MissedCount;

struct TopicDelivery {
  Envelope& (*write)(const void* message);                               // a letter with a copy
  Envelope& (*write_missed)(const std::shared_ptr<MissedCount>& count);  // null: it does not care
};

// The reading end of a topic, without its type.
class Subscription final {
 public:
  Subscription(RuntimeCore& runtime, std::shared_ptr<StreamSubscriber> subscriber) noexcept;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

  std::optional<Result<SharedMessage>> try_next();
  Result<void> wait(Deadline until);
  int ready_fd();

 private:
  RuntimeCore& runtime_;
  const std::shared_ptr<StreamSubscriber> subscriber_;
};

// Who gets one message; where the topic is gated, with room for it, which is given back unless it
// is put.
class Admission final {
 public:
  Admission(std::shared_ptr<const Subscribers> all, bool reserved) noexcept;
  Admission(Admission&&) noexcept = default;
  Admission& operator=(Admission&&) = delete;
  ~Admission();

  bool wanted() const noexcept;  // by anybody
  void put(const SharedMessage& message);

 private:
  std::shared_ptr<const Subscribers> all_;
  bool reserved_;
  std::size_t done_ = 0;
};

// The mechanism of a Topic, without its type: one for all copies of a handle. Its end closes the
// streams.
class TopicCore final {
 public:
  TopicCore(RuntimeCore& runtime, SlowReader slow, const TopicOptions& options);
  TopicCore(const TopicCore&) = delete;
  TopicCore& operator=(const TopicCore&) = delete;
  ~TopicCore();

  RuntimeCore& runtime() noexcept { return runtime_; }
  Result<Admission> admit(Deadline until);
  std::unique_ptr<Subscription> subscribe();
  void deliver_to(const Target& target, const TopicDelivery& delivery);

 private:
  RuntimeCore& runtime_;
  const SlowReader slow_;
  const TopicOptions options_;
  SpinLock lock_;
  // Guarded by lock_; what it points to never changes.
  std::shared_ptr<const Subscribers> all_;
  std::atomic<std::size_t> streams_{0};  // how many there have been
};

template <class T>
class TopicStream final : public StreamSource<T> {
 public:
  explicit TopicStream(std::unique_ptr<Subscription> subscription) noexcept
      : subscription_(std::move(subscription)) {}

  std::optional<Result<T>> try_next() override {
    auto taken = subscription_->try_next();
    if (!taken) {
      return std::nullopt;
    }
    if (!*taken) {
      return Result<T>{taken->error()};
    }
    return Result<T>{T{*static_cast<const T*>((*taken)->get())}};
  }
  Result<void> wait(Deadline until) override { return subscription_->wait(until); }
  int ready_fd() override { return subscription_->ready_fd(); }

 private:
  const std::unique_ptr<Subscription> subscription_;
};

// A letter that says how many were missed until it is read.
struct MissedLetter : Letter<Missed> {
  std::shared_ptr<MissedCount> count;

  using Letter::Letter;

  static void destroy(Envelope& envelope) noexcept;
  static bool wanted(Envelope& envelope) noexcept;
};

template <class P>
inline constexpr Operations kMissed{handle_of<P, Missed>(),
                                    &kMessageType<Missed>,
                                    &MissedLetter::message_of,
                                    &MissedLetter::destroy,
                                    nullptr,
                                    sizeof(MissedLetter),
                                    nullptr,
                                    &MissedLetter::wanted};

template <class P>
Envelope& write_missed(const std::shared_ptr<MissedCount>& count) {
  auto& letter = write<MissedLetter>(kMissed<P>, Missed{});
  letter.count = count;
  return letter;
}

template <class P, class T>
Envelope& write_published(const void* message) {
  return write<Letter<T>>(kSend<P, T>, *static_cast<const T*>(message));
}

template <class P, class T>
constexpr TopicDelivery topic_delivery() {
  TopicDelivery delivery{&write_published<P, T>, nullptr};
  if constexpr (accepts<P, Missed>()) {
    delivery.write_missed = &write_missed<P>;
  }
  return delivery;
}

}  // namespace actor

// A handle: copies mean the same topic. Thread-safe. T is copied once for each reader.
template <class T>
class Topic final {
  static_assert(std::is_copy_constructible_v<T>, "each reader of a topic gets a copy of a message");

 public:
  Topic() = default;  // empty: any use is `closed`
  // Throws Error (invalid_argument: no capacity).
  explicit Topic(RuntimeCore& runtime, SlowReader slow = SlowReader::lossy,
                 TopicOptions options = {})
      : core_(std::make_shared<actor::TopicCore>(runtime, slow, options)) {}

  // Gives the message to all who subscribe now. Messages of one publisher arrive in their order at
  // each; those of several come as they come. When nobody subscribes, it is gone.
  //
  // lossy: never waits, and cannot fail. gated: waits until every reader has room at once, and
  // gives it to all then; a reader that ends or is dropped meanwhile is no longer waited for. In a
  // handler, no longer than the ask in work may take; and `forever` is RuntimeOptions::ask_timeout.
  // When it fails, nobody has got the message, and it stays where it was moved from. Errors:
  // timed_out (names a reader that has no room), refused (such a reader waits for this actor in the
  // end), cancelled, overloaded (no memory to wait with), closed (the handle is empty).
  Result<void> publish(T&& message, Deadline until = forever) const {
    return publish_from(std::move(message), until);
  }
  Result<void> publish(const T& message, Deadline until = forever) const {
    return publish_from(message, until);
  }

  // What is published from now on. Where the topic is lossy, next() says `overloaded`, "missed N
  // messages", once in the place of what was overwritten, and goes on. When the last handle of the
  // topic is gone, what is there can still be read; then it is `closed`.
  Stream<T> subscribe() const {
    return core_ != nullptr ? Stream<T>{std::make_unique<actor::TopicStream<T>>(core_->subscribe())}
                            : Stream<T>{};
  }

  // Sends what is published from now on to the actor, until that ends; once, however often this is
  // called. lossy: a full mailbox makes it miss messages, which are counted as dropped, and the
  // actor is told if it handles Missed. gated: a full mailbox is waited for, whatever its owner
  // chose (but drop_oldest has room always). Throws Error (closed: an empty handle).
  template <class P>
  void deliver_to(const Ref<P>& reader) const {
    static_assert(actor::kAccepts<P, T>,
                  "Topic<T>::deliver_to(Ref<P>): the actor P accepts no T: it has no handle() (or "
                  "its Protocol no signature) for exactly the topic's type");
    if constexpr (actor::accepts<P, T>()) {
      if (core_ == nullptr || !reader) {
        throw Error{Code::closed, "deliver a topic to an actor: the handle is empty"};
      }
      core_->deliver_to(reader.target(), actor::topic_delivery<P, T>());
    }
  }

  explicit operator bool() const noexcept { return core_ != nullptr; }
  friend bool operator==(const Topic&, const Topic&) = default;

 private:
  template <class Given>
  Result<void> publish_from(Given&& message, Deadline until) const {
    if (core_ == nullptr) {
      return Error{Code::closed, "publish: the topic is empty"};
    }
    auto admission = core_->admit(until);
    if (!admission) {
      return admission.error();
    }
    if (admission->wanted()) {
      admission->put(std::make_shared<const T>(std::forward<Given>(message)));
    }
    return {};
  }

  std::shared_ptr<actor::TopicCore> core_;
};

}  // namespace troupe
