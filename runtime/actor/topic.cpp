// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/topic.hpp"

#include "troupe/runtime/actor/internal/handler_deadline.hpp"
#include "troupe/runtime/actor/internal/subscriber.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

namespace troupe::actor {
namespace {

// A new list: those who have not gone, and `added`.
std::shared_ptr<const Subscribers> with(const Subscribers& all, std::shared_ptr<Subscriber> added) {
  auto living = std::make_shared<Subscribers>();
  std::ranges::copy_if(all, std::back_inserter(*living),
                       [](const auto& each) { return !each->gone(); });
  living->push_back(std::move(added));
  return living;
}

std::string text_of_stream(std::size_t number) {
  const std::string text = "stream " + std::to_string(number) + " of the topic";
  const Cell* const self = Cell::current();
  return self != nullptr ? text + ", which " + self->text() + " took" : text;
}

}  // namespace

// ---- Subscription ------------------------------------------------------------------------------

Subscription::Subscription(RuntimeCore& runtime,
                           std::shared_ptr<StreamSubscriber> subscriber) noexcept
    : runtime_(runtime), subscriber_(std::move(subscriber)) {}

Subscription::~Subscription() {
  subscriber_->drop();
}

std::optional<Result<SharedMessage>> Subscription::try_next() {
  return subscriber_->try_next();
}

Result<void> Subscription::wait(Deadline until) {
  return subscriber_->wait(runtime_, until);
}

int Subscription::ready_fd() {
  return subscriber_->ready_fd();
}

// ---- Admission ---------------------------------------------------------------------------------

Admission::Admission(std::shared_ptr<const Subscribers> all, bool reserved) noexcept
    : all_(std::move(all)), reserved_(reserved) {}

Admission::~Admission() {
  if (reserved_ && all_ != nullptr) {
    for (; done_ < all_->size(); ++done_) {
      (*all_)[done_]->release();
    }
  }
}

bool Admission::wanted() const noexcept {
  return !all_->empty();
}

void Admission::put(const SharedMessage& message) {
  while (done_ < all_->size()) {
    Subscriber& next = *(*all_)[done_++];
    reserved_ ? next.put_reserved(message) : next.put(message);
  }
}

// ---- TopicCore ---------------------------------------------------------------------------------

TopicCore::TopicCore(RuntimeCore& runtime, SlowReader slow, const TopicOptions& options)
    : runtime_(runtime),
      slow_(slow),
      options_(options),
      all_(std::make_shared<const Subscribers>()) {
  if (options.capacity == 0) {
    throw Error{Code::invalid_argument, "make a topic: TopicOptions::capacity is 0"};
  }
}

TopicCore::~TopicCore() {
  for (const auto& each : *all_) {
    each->close();
  }
}

Result<Admission> TopicCore::admit(Deadline until) {
  if (slow_ == SlowReader::lossy) {
    const std::lock_guard lock{lock_};
    return Admission{all_, false};
  }
  if (until.is_never() && Cell::current() != nullptr) {
    until = runtime_.actors()->ask_deadline();  // no send in a handler waits for ever
  }
  until = within_handler(until);
  for (;;) {
    std::shared_ptr<Subscriber> full;
    {
      // Room is looked for and taken in one step: no publisher holds what another waits for.
      const std::lock_guard lock{lock_};
      const auto found =
          std::ranges::find_if(*all_, [](const auto& each) { return !each->has_room(); });
      if (found == all_->end()) {
        for (const auto& each : *all_) {
          each->reserve();
        }
        return Admission{all_, true};
      }
      full = *found;
    }
    if (until.passed()) {
      return Error{Code::timed_out, "publish to a gated topic: " + full->text() + " has no room"};
    }
    if (auto room = full->wait_for_room(runtime_, until);
        !room && room.error() != Code::timed_out) {
      return room.error();
    }
  }
}

std::unique_ptr<Subscription> TopicCore::subscribe() {
  auto subscriber =
      std::make_shared<StreamSubscriber>(text_of_stream(++streams_), options_.capacity);
  std::shared_ptr<const Subscribers> before;  // destroyed after the lock is given back
  {
    const std::lock_guard lock{lock_};
    before = std::exchange(all_, with(*all_, subscriber));
  }
  return std::make_unique<Subscription>(runtime_, std::move(subscriber));
}

void TopicCore::deliver_to(const Target& target, const TopicDelivery& delivery) {
  auto subscriber = std::make_shared<ActorSubscriber>(target, delivery);
  std::shared_ptr<const Subscribers> before;
  const std::lock_guard lock{lock_};
  if (std::ranges::none_of(*all_, [&](const auto& each) { return each->is_for(target); })) {
    before = std::exchange(all_, with(*all_, std::move(subscriber)));
  }
}

}  // namespace troupe::actor
